import Foundation

extension RedisClusterServers {
    /// Who serves the slot of a key, as the first node that answers sees it.
    package func primary(of key: String) throws -> Node {
        let slot = try slot(of: key)
        for range in try slots() where range.slots.contains(slot) {
            if let node = nodes.first(where: { $0.port == range.port }) { return node }
        }
        throw ServerError("nobody serves slot \(slot)")
    }

    /// A primary that serves another slot.
    package func otherPrimary(than node: Node) throws -> Node {
        let other = try slots().first { $0.port != node.port }.flatMap { range in
            nodes.first { $0.port == range.port }
        }
        guard let other else { throw ServerError("there is no other primary") }
        return other
    }

    /// The replica of a primary.
    package func replica(of node: Node) throws -> Node {
        let line = try asking("CLUSTER", "NODES").split(separator: "\n").first { $0.contains("slave \(node.id)") }
        guard let line, let replica = nodes.first(where: { line.hasPrefix($0.id) }) else {
            throw ServerError("it has no replica")
        }
        return replica
    }

    package func slot(of key: String) throws -> Int { Int(try asking("CLUSTER", "KEYSLOT", key)) ?? -1 }

    private func slots() throws -> [(slots: ClosedRange<Int>, port: Int)] {
        try asking("CLUSTER", "NODES").split(separator: "\n").flatMap { line -> [(ClosedRange<Int>, Int)] in
            let words = line.split(separator: " ")
            guard words.count > 8, words[2].contains("master"), !words[2].contains("fail"),
                let port = words[1].split(separator: "@").first?.split(separator: ":").last.flatMap({ Int($0) })
            else { return [] }
            return words[8...].compactMap { word in
                let ends = word.split(separator: "-").compactMap { Int($0) }
                guard let first = ends.first, let last = ends.last, !word.hasPrefix("[") else { return nil }
                return (first...last, port)
            }
        }
    }

    /// Asks the first node that answers.
    private func asking(_ arguments: String...) throws -> String {
        for node in nodes where node.isGoing {
            // The next one may.
            if let answer = try? RedisLine.ask(node.port, arguments) { return answer }
        }
        throw ServerError("no node answers")
    }

    /// Moves a key's slot to another primary, as an operator's tool does.
    ///
    /// - Parameters:
    ///   - key: A key of the slot.
    ///   - target: Where it goes.
    ///   - between: What is done while the slot is on its way, its keys not moved yet.
    /// - Throws: `ServerError` where a node refuses, and what `between` throws.
    package func moveSlot(of key: String, to target: Node, between: () async throws -> Void = {}) async throws {
        let (slot, source) = ("\(try slot(of: key))", try primary(of: key))
        try target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        try source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
        try await between()
        try moveKeys(of: slot, from: source, to: target)
        // Who gets it is told first, so that it has an owner at all times.
        try target.ask("CLUSTER", "SETSLOT", slot, "NODE", target.id)
        try source.ask("CLUSTER", "SETSLOT", slot, "NODE", target.id)
        for node in nodes where node.isGoing && node.port != target.port && node.port != source.port {
            // Replicas are told by their primaries.
            _ = try? node.ask("CLUSTER", "SETSLOT", slot, "NODE", target.id)
        }
    }

    private func moveKeys(of slot: String, from source: Node, to target: Node) throws {
        while true {
            let keys = try source.ask("CLUSTER", "GETKEYSINSLOT", slot, "100").split(separator: "\n").map(String.init)
            guard !keys.isEmpty else { return }
            try RedisLine.ask(
                source.port, ["MIGRATE", "127.0.0.1", "\(target.port)", "", "0", "5000", "KEYS"] + keys)
        }
    }

    /// From now on a primary's replica gets nothing more.
    package func stopReplication(from primary: Node) throws {
        try primary.ask("ACL", "SETUSER", "default", "-psync", "-sync", "-replconf")
        try primary.ask("CLIENT", "KILL", "TYPE", "replica")
    }

    /// Waits until a node is a primary.
    package func awaitTakeover(by node: Node) async throws {
        try await wait("no failover") { try node.ask("ROLE").hasPrefix("master") }
    }
}

extension RedisClusterServers.Node {
    package var isGoing: Bool { process.isGoing }
    package var isPaused: Bool { process.isPaused }
}
