import Lockstead

/// What the scripts tell one client on its own channel.
enum WakeMessage: Sendable, Hashable {
    /// The request has the lock for a moment: confirm it.
    case granted(RequestID, FencingToken)
    /// The name may be free: look.
    case look(RequestID)
    /// An operator revoked the grant of the request.
    case revoked(RequestID, reason: String)

    init?(_ payload: [UInt8]) {
        let words = String(decoding: payload, as: UTF8.self).split(separator: " ")
        guard words.count >= 2, let request = RequestID(hexadecimal: words[1]) else { return nil }
        switch (words[0], words.count) {
        case ("look", 2): self = .look(request)
        case ("granted", 3):
            guard let token = FencingToken(String(words[2])) else { return nil }
            self = .granted(request, token)
        case ("revoked", 3): self = .revoked(request, reason: Self.reason(words[2]))
        default: return nil
        }
    }

    /// The scripts have "-" for an empty reason.
    static func reason(_ word: Substring) -> String { word == "-" ? "" : WordCoding.decode(word) }
    static func word(ofReason reason: String) -> String { reason.isEmpty ? "-" : WordCoding.encode(reason) }
}
