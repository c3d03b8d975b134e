import Foundation
import Synchronization

/// A real cluster of three primaries with a replica each, on free loopback ports.
///
/// The nodes are born knowing each other, by the files in which a cluster keeps that: nobody waits until they have met.
package final class RedisClusterServers: Sendable {
    /// The primaries at first, then their replicas in the same order.
    package let nodes: [Node]
    package let certificates: TestCertificates?

    /// One of the servers.
    package struct Node: Sendable {
        package let port: Int
        package let id: String
        /// Where it speaks plain text: the same, but where its clients are to use TLS.
        let plainPort: Int
        let process: ServerProcess
    }

    /// For how long a node may be silent before the others think it dead.
    package static let nodeTimeout = Duration.seconds(2)
    private static let shards = ["0-5460", "5461-10922", "10923-16383"]

    /// Starts the nodes, and waits until all slots are served and all replicas are in step.
    ///
    /// - Parameters:
    ///   - kind: Which server.
    ///   - replicas: Whether each primary has one.
    ///   - tls: Whether the nodes speak TLS with each other and with clients.
    ///   - options: More of its options.
    /// - Throws: `ServerError` where it is not installed or does not come up.
    package init(
        _ kind: RedisServer.Kind = .redis, replicas: Bool = true, tls: Bool = false, options: [String] = []
    ) async throws {
        let count = replicas ? 6 : 3
        var ports: [Int] = []
        while ports.count < 3 * count {
            let port = try Loopback.freePort()
            if !ports.contains(port) { ports.append(port) }
        }
        certificates = tls ? try TestCertificates(in: ServerProcess.makeFolder()) : nil
        let plan = Plan(
            kind: kind, ports: Array(ports[..<count]), busPorts: Array(ports[count..<2 * count]),
            plainPorts: Array(tls ? ports[(2 * count)...] : ports[..<count]), certificates: certificates)
        var nodes: [Node] = []
        for index in 0..<count { nodes.append(try Self.start(plan, index, options)) }
        self.nodes = nodes
        try await awaitService()
    }

    private static func start(_ plan: Plan, _ index: Int, _ options: [String]) throws -> Node {
        let folder = try ServerProcess.makeFolder()
        try Data(plan.file(of: index).utf8).write(to: folder.appendingPathComponent("nodes.conf"))
        let arguments = [
            "--port", "\(plan.plainPorts[index])", "--cluster-port", "\(plan.busPorts[index])", "--bind", "127.0.0.1",
            "--dir", folder.path, "--save", "", "--appendonly", "no", "--cluster-enabled", "yes",
            "--cluster-config-file", "nodes.conf", "--cluster-announce-ip", "127.0.0.1", "--cluster-node-timeout",
            "\(Int(nodeTimeout / .milliseconds(1)))", "--repl-diskless-sync-delay", "0",
        ]
        return Node(
            port: plan.ports[index], id: plan.ids[index], plainPort: plan.plainPorts[index],
            process: try ServerProcess(
                plan.kind.rawValue, in: folder, arguments + plan.tlsOptions(of: index) + options))
    }

    private struct Plan {
        let kind: RedisServer.Kind
        let ports: [Int]
        let busPorts: [Int]
        /// The ports themselves, but with TLS.
        let plainPorts: [Int]
        let certificates: TestCertificates?
        var ids: [String] { ports.indices.map { String(repeating: "\($0)", count: 40) } }

        func tlsOptions(of own: Int) -> [String] {
            guard let certificates else { return [] }
            return certificates.options(certificates.server) + [
                "--tls-port", "\(ports[own])", "--tls-cluster", "yes", "--tls-replication", "yes",
                "--tls-auth-clients", "no",
                // A replica that drops out of a first diskless synchronization is never served again (Redis 7.0).
                "--repl-diskless-sync", "no",
            ]
        }

        /// What the node of this place knows of all.
        func file(of own: Int) -> String {
            let lines = ports.indices.map { index in
                let role = index < 3 ? "master -" : "slave \(ids[index - 3])"
                let slots = index < 3 ? " " + RedisClusterServers.shards[index] : ""
                // Valkey stops at its first message to a shard whose name it was not told.
                let shard = kind == .valkey ? ",,shard-id=\(ids[index % 3])" : ""
                return
                    "\(ids[index]) 127.0.0.1:\(ports[index])@\(busPorts[index])\(shard) \(index == own ? "myself," : "")"
                    + "\(role) 0 0 \(index % 3 + 1) connected\(slots)\n"
            }
            return lines.joined() + "vars currentEpoch 3 lastVoteEpoch 0\n"
        }
    }

    /// All nodes' addresses, as a URL has them.
    package var authority: String { nodes.map { "127.0.0.1:\($0.port)" }.joined(separator: ",") }

    private func awaitService() async throws {
        try await wait("the cluster does not come up: \(nodes[0].process.log)") {
            let infos = nodes.map { try? $0.ask("CLUSTER", "INFO") }
            guard infos.allSatisfy({ $0?.contains("cluster_state:ok") ?? false }) else { return false }
            return try nodes.dropFirst(3).allSatisfy {
                try $0.ask("INFO", "replication").contains("master_link_status:up")
            }
        }
    }

    /// Looks until something is so, for at most 20 s.
    package func wait(_ problem: @autoclosure () -> String, until isSo: () throws -> Bool) async throws {
        for _ in 0..<1_000 {
            if try isSo() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ServerError(problem())
    }

    package func kill() { for node in nodes { node.kill() } }
}

extension RedisClusterServers.Node {
    /// Ends it at once.
    package func kill() { process.kill() }
    /// Starts it anew with what it knows of the cluster.
    package func restart() throws { try process.start() }
    /// Holds it in its steps.
    package func pause() { process.pause() }
    /// Lets it go on.
    package func resume() { process.resume() }

    /// Sends a command as an operator would.
    ///
    /// - Returns: What redis-cli would print.
    /// - Throws: `ServerError` where the server answers an error.
    @discardableResult
    package func ask(_ arguments: String...) throws -> String { try RedisLine.ask(plainPort, arguments) }

    /// Sends a command as an operator would.
    @discardableResult
    package func ask(arguments: [String]) throws -> String { try RedisLine.ask(plainPort, arguments) }
}
