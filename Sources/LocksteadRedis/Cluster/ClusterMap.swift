import RESP

/// Which primary serves which slots, as one node of the cluster told it.
struct ClusterMap: Sendable, Equatable {
    struct Primary: Sendable, Hashable {
        /// The name it keeps whatever its address.
        let id: String
        let endpoint: RedisEndpoint
    }

    /// Those that serve slots, each once.
    private(set) var primaries: [Primary] = []
    /// As many as a cluster may have at most; beyond these somebody plays with us.
    private static let mostPrimaries = 1_000
    /// For each slot the place of its primary in ``primaries``; -1 where nobody serves it.
    private var owners = [Int](repeating: -1, count: ClusterSlot.count)

    func primary(of slot: ClusterSlot) -> Primary? {
        let owner = owners[slot.number]
        return owner < 0 ? nil : primaries[owner]
    }

    func has(_ endpoint: RedisEndpoint) -> Bool { primaries.contains { $0.endpoint == endpoint } }

    /// Reads an answer to `CLUSTER SLOTS`; `nil` where it is no such answer.
    ///
    /// - Parameters:
    ///   - answer: What came.
    ///   - asked: Who answered: the address of a node that gives none of its own.
    init?(_ answer: RESPValue, from asked: RedisEndpoint) {
        guard let ranges = answer.elements, ranges.count <= ClusterSlot.count else { return nil }
        for range in ranges {
            guard let parts = range.elements, parts.count >= 3, let first = parts[0].integer,
                let last = parts[1].integer, 0 <= first, first <= last, last < ClusterSlot.count,
                let primary = Primary(parts[2], from: asked)
            else { return nil }
            let place = place(of: primary)
            guard place < Self.mostPrimaries else { return nil }
            for slot in Int(first)...Int(last) { owners[slot] = place }
        }
    }

    private mutating func place(of primary: Primary) -> Int {
        if let place = primaries.firstIndex(where: { $0.id == primary.id }) { return place }
        primaries.append(primary)
        return primaries.count - 1
    }
}

extension ClusterMap.Primary {
    /// Reads `[host or null, port, id, …]`.
    fileprivate init?(_ node: RESPValue, from asked: RedisEndpoint) {
        guard let parts = node.elements, parts.count >= 3, let port = parts[1].integer, (1...65_535).contains(port),
            let id = parts[2].text
        else { return nil }
        let told = parts[0].text ?? ""
        // A node that should tell its host's name and has none says "?"; its address is beside it then.
        let host = told == "?" ? Self.address(parts.dropFirst(3).first) : told
        (self.id, endpoint) = (id, asked.other(host: host, port: Int(port)))
    }

    private static func address(_ details: RESPValue?) -> String {
        details?.entries?.first { $0.key.text == "ip" }?.value.text ?? ""
    }
}

extension RedisEndpoint {
    /// Another node, told by this one; without a host it is on the same.
    func other(host: String, port: Int) -> RedisEndpoint {
        if case .host(let own, _) = self, host.isEmpty { return .host(own, port: port) }
        return .host(host.isEmpty ? "127.0.0.1" : host, port: port)
    }
}

// MARK: Changes

extension ClusterMap {
    /// Who took over the slots of a primary that has none left: a failover, as far as slots tell.
    ///
    /// Slots that moved between primaries, or to a new one, are none. A primary whose last slots moved to one that had none looks the same,
    /// which costs each holder a question and nothing else.
    ///
    /// - Parameter old: The map before.
    /// - Returns: A sentence for each.
    func takeovers(since old: ClusterMap) -> [String] {
        let (before, now) = (Set(old.primaries.map(\.id)), Set(primaries.map(\.id)))
        var heirs: [Primary: Primary] = [:]
        for (slot, place) in old.owners.enumerated() where place >= 0 && owners[slot] >= 0 {
            let (from, to) = (old.primaries[place], primaries[owners[slot]])
            if !now.contains(from.id), !before.contains(to.id) { heirs[from] = to }
        }
        return heirs.map { "\($1.endpoint) took over from \($0.endpoint)" }.sorted()
    }

    /// The addresses that served slots before and serve none now.
    func retired(since old: ClusterMap) -> [RedisEndpoint] { old.primaries.map(\.endpoint).filter { !has($0) } }
}
