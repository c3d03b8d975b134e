/// Three real servers of one ZooKeeper ensemble, on free ports.
package final class ZooKeeperEnsemble: Sendable {
    package let servers: [ZooKeeperServer]

    /// Starts them, and waits until all serve.
    ///
    /// - Parameters:
    ///   - setup: How each is set up.
    ///   - place: Where they run.
    ///   - site: Where the first one runs; with the others unless given.
    /// - Throws: `ServerError` where they do not come up.
    package init(
        _ setup: ZooKeeperServer.Setup = ZooKeeperServer.Setup(), place: ServerPlace = .loopback,
        site: ServerPlace? = nil
    ) async throws {
        let places = [site ?? place, place, place]
        let clients = try places.map { _ in try Loopback.freePort() }
        let lines = try places.enumerated().map { number, place in
            "server.\(number + 1)=\(place.host):\(try Loopback.freePort()):\(try Loopback.freePort())"
        }
        servers = try places.enumerated().map { number, place in
            try ZooKeeperServer(setup, port: clients[number], number: number + 1, ensemble: lines, place: place)
        }
        for server in servers { try await server.waitUntilServing() }
    }

    /// `host:port` of each, as a URL has them.
    package var authority: String { servers.map(\.authority).joined(separator: ",") }

    /// The server that leads; `nil` while none does.
    package var leader: ZooKeeperServer? { servers.first { $0.leads } }

    /// Ends them at once.
    package func kill() { for server in servers { server.kill() } }
}
