import Lockstead

// An authority as engines read it.

extension Authority {
    /// Each place's host and port, decoded.
    ///
    /// - Parameters:
    ///   - usualPort: The port of a place that has none.
    ///   - form: What a URL looks like, for the error.
    ///   - refusal: The engine's error for a problem.
    /// - Returns: One for each place, in their order.
    /// - Throws: The engine's error where a place has no host, or a port that is none.
    func addresses(
        usualPort: Int, form: String, refusal: (String) -> LockError
    ) throws(LockError) -> [(host: String, port: Int)] {
        var addresses: [(String, Int)] = []
        for place in places {
            guard let host = place.host else { throw refusal("has no host; write it like \(form)") }
            guard let port = place.port.map({ UInt16($0) ?? 0 }) ?? UInt16(exactly: usualPort), port > 0 else {
                throw refusal("has no port from 1 to 65535 after the colon")
            }
            addresses.append((try PercentCoding.decode(host), Int(port)))
        }
        return addresses
    }

    /// The user and the password, decoded.
    func credentials() throws(LockError) -> (user: String?, password: String?) {
        (try user.map(PercentCoding.decode), try password.map(PercentCoding.decode))
    }
}
