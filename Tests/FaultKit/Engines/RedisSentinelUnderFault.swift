import Lockstead
import Synchronization
import TestServers

/// Servers behind sentinels, whose primary goes.
final class RedisSentinelUnderFault: EngineUnderFault {
    let port: UInt16? = nil
    private let servers: SentinelServers
    private let site: RemoteSite?
    private let isAcknowledged: Bool
    private let isStopped = Mutex(false)

    init(_ servers: SentinelServers, _ site: RemoteSite?, isAcknowledged: Bool) {
        (self.servers, self.site, self.isAcknowledged) = (servers, site, isAcknowledged)
    }

    var url: String { servers.url(isAcknowledged ? "?ack=1" : "") }

    /// The holder is on the primary's side of a partition.
    func launcher(ofWorker number: Int) -> [String] { number == 0 ? site?.far.launcher ?? [] : [] }

    func detachReplica(of name: String) async throws {
        for replica in servers.servers.dropFirst() { replica.pause() }
        // What was sent to them before they were stopped they would still read.
        try servers.servers[0].ask("CLIENT", "KILL", "TYPE", "replica")
    }

    func takeDownPrimary(of name: String, isStopped: Bool) async throws {
        let old = servers.servers[0]
        self.isStopped.withLock { $0 = isStopped }
        if isStopped { old.pause() } else { old.kill() }
        for replica in servers.servers.dropFirst() { replica.resume() }
        _ = try await servers.awaitFailover(from: old)
    }

    func bringBack() async throws {
        let old = servers.servers[0]
        if isStopped.withLock(\.self) { old.resume() } else { try await old.restart() }
    }

    func partition(_ isCut: Bool) async throws {
        guard let site else { throw Obstacle("these servers are in one network") }
        guard isCut else { return try await site.heal() }
        try await site.cut()
        _ = try await servers.awaitFailover(from: servers.servers[0], seenBy: 1...)
    }

    func end() async {
        servers.kill()
        site?.end()
    }
}
