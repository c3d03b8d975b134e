import Lockstead
import Synchronization
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

    @Test(
        "A sentinel that was found and is gone for good is asked no more, and one that is told of again is",
        .timeLimit(.minutes(1)))
    func addressesDoNotPileUp() async throws {
        let servers = try await SentinelServers(downAfter: 5_000)
        defer { servers.kill() }
        var engine = servers.engine()
        engine.configuration.endpoints = [engine.configuration.endpoints[0]]
        let client = SentinelClient(
            SentinelSettings(primaryName: SentinelServers.primaryName), configuration: engine.configuration,
            context: EngineContext(logger: .quiet, time: SystemTimeSource()), patience: .seconds(1))
        // Awaited below, whatever happens before.
        let running = Task { await client.run() }
        defer { running.cancel() }
        func isWatched(_ sentinel: SentinelServer) -> Bool {
            client.state.withLock { $0.watched.contains(.host("127.0.0.1", port: sentinel.port)) }
        }
        try #require(try await eventually { servers.sentinels.allSatisfy(isWatched) && client.doubt == nil })
        let gone = servers.sentinels[2]
        gone.kill()
        // So that the others tell of it no more.
        for sentinel in servers.sentinels[..<2] { try sentinel.ask("SENTINEL", "RESET", SentinelServers.primaryName) }
        #expect(try await eventually { !isWatched(gone) })
        #expect(try await eventually { servers.sentinels[..<2].allSatisfy(isWatched) && client.doubt == nil })
        #expect(client.primaryEndpoint != nil)
        try gone.restart()
        // The others are asked for their company every ten seconds.
        var isBack = try await eventually { isWatched(gone) }
        if !isBack { isBack = try await eventually { isWatched(gone) } }
        #expect(isBack)
        running.cancel()
        await running.value
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
