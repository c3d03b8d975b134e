/// Three real members of one etcd cluster, on free ports.
package final class EtcdCluster: Sendable {
    package let members: [EtcdServer]

    /// Starts them, and waits until one leads.
    ///
    /// - Parameters:
    ///   - setup: How each is set up.
    ///   - place: Where they run.
    ///   - site: Where the first one runs; with the others unless given.
    /// - Throws: `ServerError` where they do not come up.
    package init(
        _ setup: EtcdServer.Setup = EtcdServer.Setup(), place: ServerPlace = .loopback, site: ServerPlace? = nil
    ) async throws {
        let places = [site ?? place, place, place]
        let peers = try places.map { _ in try Loopback.freePort() }
        let cluster = zip(places, peers).enumerated().map { "m\($0)=http://\($1.0.host):\($1.1)" }
            .joined(separator: ",")
        members = try zip(places, peers).enumerated().map { index, member in
            try EtcdServer(setup, name: "m\(index)", peer: member.1, cluster: cluster, place: member.0)
        }
        for member in members { try await member.waitUntilServing() }
    }

    /// `host:port` of each, as a URL has them.
    package var authority: String { members.map(\.authority).joined(separator: ",") }

    /// Ends them at once.
    package func kill() { for member in members { member.kill() } }
}
