/// Three real servers of one ZooKeeper ensemble, on free ports.
package final class ZooKeeperEnsemble: Sendable {
    package let servers: [ZooKeeperServer]
    /// Where they reach each other.
    package let peerPorts: [Int]

    /// Starts them, and waits until all serve.
    ///
    /// - Parameters:
    ///   - setup: How each is set up.
    ///   - ofFirst: More lines of the first one's configuration.
    ///   - firstLeads: Whether the first one is to lead; else the last one does, unless it is slow.
    ///   - place: Where they run.
    ///   - site: Where the first one runs; with the others unless given.
    /// - Throws: `ServerError` where they do not come up.
    package init(
        _ setup: ZooKeeperServer.Setup = ZooKeeperServer.Setup(), ofFirst: [String] = [], firstLeads: Bool = false,
        place: ServerPlace = .loopback, site: ServerPlace? = nil
    ) async throws {
        let places = [site ?? place, place, place]
        // Of two that begin together the higher number leads.
        let numbers = firstLeads ? [3, 1, 2] : [1, 2, 3]
        let clients = try places.map { _ in try Loopback.freePort() }
        let peers = try places.map { _ in [try Loopback.freePort(), try Loopback.freePort()] }
        peerPorts = peers.flatMap { $0 }
        let lines = zip(numbers, zip(places, peers)).map { "server.\($0)=\($1.0.host):\($1.1[0]):\($1.1[1])" }
        var servers: [ZooKeeperServer] = []
        for (index, place) in places.enumerated() {
            var own = setup
            if index == 0 { own.lines += ofFirst }
            servers.append(
                try ZooKeeperServer(own, port: clients[index], number: numbers[index], ensemble: lines, place: place))
            if firstLeads, index == 1 { for server in servers { try await server.waitUntilServing() } }
        }
        self.servers = servers
        for server in servers { try await server.waitUntilServing() }
    }

    /// `host:port` of each, as a URL has them.
    package var authority: String { servers.map(\.authority).joined(separator: ",") }

    /// The server that leads; `nil` while none does.
    package var leader: ZooKeeperServer? { servers.first { $0.leads } }

    /// Waits until one of these servers leads.
    @discardableResult
    package func awaitLeader(among range: PartialRangeFrom<Int> = 0...) async throws -> ZooKeeperServer {
        for _ in 0..<1_000 {
            if let leader = servers[range].first(where: { $0.leads }) { return leader }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ServerError("nobody took over")
    }

    /// Ends them at once.
    package func kill() { for server in servers { server.kill() } }
}
