import Lockstead
import LocksteadTesting
import Logging
import Synchronization
import TestServers

/// A cluster that is resharded, and whose primaries go.
final class RedisClusterUnderFault: EngineUnderFault {
    let port: UInt16? = nil
    private let servers: RedisClusterServers
    private let downed = Mutex<RedisClusterServers.Node?>(nil)

    init(_ servers: RedisClusterServers) { self.servers = servers }

    var url: String { "redis+cluster://\(servers.authority)" }

    func moveSlot(of name: String) async throws {
        let home = try servers.primary(of: name)
        try await servers.moveSlot(of: name, to: try servers.otherPrimary(than: home))
    }

    func detachReplica(of name: String) async throws {
        try servers.stopReplication(from: try servers.primary(of: name))
    }

    func takeDownPrimary(of name: String, isStopped: Bool) async throws {
        let primary = try servers.primary(of: name)
        let replica = try servers.replica(of: primary)
        downed.withLock { $0 = primary }
        if isStopped { primary.pause() } else { primary.kill() }
        try await servers.awaitTakeover(by: replica)
    }

    func bringBack() async throws {
        guard let node = downed.withLock({ $0.take() }) else { return }
        if node.isPaused { node.resume() } else { try node.restart() }
    }

    func end() async { servers.kill() }

    func runNaive(_ name: String, _ recorder: HistoryRecorder) async throws {
        try await NaiveRedis.run(on: servers, name, recorder)
    }
}
