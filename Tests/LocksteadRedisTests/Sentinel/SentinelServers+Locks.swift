import Lockstead
import Logging
import Testing
import TestServers

@testable import LocksteadRedis

extension SentinelServers {
    /// The engine over these servers.
    func engine(acknowledgements: Int = 0) -> RedisEngine {
        var engine = RedisEngine(RedisConfiguration(endpoints: sentinels.map { .host("127.0.0.1", port: $0.port) }))
        engine.topology = .sentinel(SentinelSettings(primaryName: Self.primaryName))
        engine.acknowledgements = acknowledgements
        return engine
    }

    /// Runs a client while `body` uses it.
    func withLocks<R: Sendable>(
        acknowledgements: Int = 0, _ body: (LockClient) async throws -> R
    ) async throws -> R {
        try await LockClient.with(.redis(engine(acknowledgements: acknowledgements)), body)
    }
}

extension HeldLock {
    var isSuspect: Bool {
        if case .suspect = lease.state { true } else { false }
    }
}
