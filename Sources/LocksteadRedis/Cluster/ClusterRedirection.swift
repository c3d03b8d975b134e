/// Where a node says that a command has to go.
struct ClusterRedirection: Sendable, Equatable {
    let slot: ClusterSlot
    let endpoint: RedisEndpoint

    /// Reads `MOVED 3999 127.0.0.1:6381` or `ASK …`, as the node at `asked` answered it.
    ///
    /// `nil` for any other answer, and where the node knows no address itself.
    init?(_ text: String?, from asked: RedisEndpoint) {
        let words = (text ?? "").split(separator: " ")
        guard words.count >= 3, words[0] == "MOVED" || words[0] == "ASK", let number = Int(words[1]),
            let slot = ClusterSlot(number), let colon = words[2].lastIndex(of: ":"),
            let port = UInt16(words[2][words[2].index(after: colon)...]), port > 0
        else { return nil }
        // An address of colons stands there without brackets.
        let host = String(words[2][..<colon])
        guard host != "?" else { return nil }
        (self.slot, endpoint) = (slot, asked.other(host: host, port: Int(port)))
    }
}
