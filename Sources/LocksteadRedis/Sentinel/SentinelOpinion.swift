import RESP

/// What one sentinel says about the primary.
struct SentinelOpinion: Sendable, Hashable {
    var primary: RedisEndpoint
    /// Rises with each failover: the higher one is the newer.
    var epoch: Int64
    /// How many sentinels there are, the one that speaks included.
    var sentinels = 1
    /// Whether it takes the primary for one that serves: not while it misses it, or makes another one.
    var isSure = true
}

extension SentinelOpinion {
    /// The answer to `SENTINEL MASTER name`; `nil` where it cannot be read.
    init?(_ answer: RESPValue) {
        let fields = SentinelFields(answer)
        guard let primary = fields.endpoint, let epoch = fields["config-epoch"].flatMap({ Int64($0) }) else {
            return nil
        }
        let doubts: Set<Substring> = ["s_down", "o_down", "failover_in_progress"]
        let flags = (fields["flags"] ?? "").split(separator: ",")
        self.init(
            primary: primary, epoch: epoch,
            sentinels: 1 + (fields["num-other-sentinels"].flatMap { UInt16($0) }.map(Int.init) ?? 0),
            isSure: doubts.isDisjoint(with: flags))
    }

    /// The new primary that a `+switch-master` message names; `nil` where it is about another one.
    static func switched(_ payload: [UInt8], of name: String) -> RedisEndpoint? {
        // <name> <old address> <old port> <new address> <new port>
        let words = String(decoding: payload, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 5, words[0] == name, let port = Int(words[4]) else { return nil }
        return .host(String(words[3]), port: port)
    }
}

/// The fields with which a sentinel describes a server, in a map or in pairs.
struct SentinelFields: Sendable {
    private var fields: [String: String] = [:]

    init(_ value: RESPValue) {
        if let entries = value.entries {
            for entry in entries { note(entry.key.text, entry.value.text) }
        } else if let elements = value.elements {
            for index in stride(from: 0, to: elements.count - 1, by: 2) {
                note(elements[index].text, elements[index + 1].text)
            }
        }
    }

    private mutating func note(_ key: String?, _ value: String?) {
        if let key, let value { fields[key] = value }
    }

    subscript(key: String) -> String? { fields[key] }

    /// Where the described server listens.
    var endpoint: RedisEndpoint? {
        guard let host = fields["ip"], !host.isEmpty, let port = fields["port"].flatMap({ Int($0) }), port > 0 else {
            return nil
        }
        return .host(host, port: port)
    }
}
