import Lockstead
import Testing
import TestServers

@testable import LocksteadRedis

@Suite("What keeps a primary from being found", .serialized)
struct SentinelTroubleTests {
    private func error(of engine: RedisEngine) async throws -> RedisError? {
        try await LockClient.with(.redis(engine)) { (locks) async throws in
            let error = await #expect(throws: LockError.self) { try await locks.tryAcquire("a") }
            #expect(error?.effect == .didNotHappen)
            return error?.cause as? RedisError
        }
    }

    @Test("A name that no sentinel knows")
    func unknownName() async throws {
        let servers = try await SentinelServers()
        defer { servers.kill() }
        var engine = servers.engine()
        engine.topology = .sentinel(SentinelSettings(primaryName: "others"))
        let error = try await error(of: engine)
        #expect(error?.code == .noPrimary)
        #expect(error?.message.contains("no primary called others") ?? false)
    }

    @Test("Nobody listens")
    func unreachable() async throws {
        let port = try Loopback.freePort()
        var engine = RedisEngine(RedisConfiguration(endpoints: [.host("127.0.0.1", port: port)]))
        engine.topology = .sentinel(SentinelSettings(primaryName: "locks"))
        #expect(try await error(of: engine)?.code == .unreachable)
    }

    @Test("A server that is no sentinel")
    func noSentinel() async throws {
        let server = try await RedisServer()
        var engine = RedisEngine(server.configuration)
        engine.topology = .sentinel(SentinelSettings(primaryName: "locks"))
        #expect(try await error(of: engine)?.message.contains("is it one?") ?? false)
    }

    @Test("One sentinel is configured, the others are found through it, also where it goes")
    func discovery() async throws {
        let servers = try await SentinelServers()
        defer { servers.kill() }
        var engine = servers.engine()
        engine.configuration.endpoints = [engine.configuration.endpoints[0]]
        try await LockClient.with(.redis(engine)) { (locks) async throws in
            let held = try await locks.acquire("a", lease: .seconds(3))
            servers.sentinels[0].kill()
            try await Task.sleep(for: .seconds(4))
            #expect(held.lease.isHeld)
        }
    }
}
