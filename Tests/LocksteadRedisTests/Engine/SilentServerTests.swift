import Lockstead
import LocksteadRedis
import RESP
import Testing
import TestServers

/// What a client's calls do when all servers fall silent, connections and all: the whole way, since whoever is alone in its line has no
/// other clock than the engine's.
@Suite("Behind servers that fall silent", .serialized)
struct SilentServerTests {
    /// Well above what a busy machine adds to 100 ms, and well below the engines' own time limits.
    private static let margin = Duration.milliseconds(700)
    private static let clock = ContinuousClock()

    /// Runs a client of one server, or of three by Redlock, and has them fall silent after it has had a lock.
    private func withSilence(
        redlock: Bool, _ body: @Sendable (LockClient) async throws -> Void
    ) async throws {
        var servers: [RedisServer] = []
        for _ in 0..<(redlock ? 3 : 1) { servers.append(try await RedisServer()) }
        let configuration = RedisConfiguration(endpoints: servers.map { .host("127.0.0.1", port: $0.port) })
        var independent = RedlockEngine(configuration)
        independent.quarantine = .zero
        let engine = redlock ? LockEngine.redlock(independent) : .redis(RedisEngine(configuration))
        let all = servers
        try await LockClient.with(engine) { locks in
            try await locks.withLock("a") { _ in }
            for server in all { server.pause() }
            // Before the client takes its leave of them.
            defer { for server in all { server.resume() } }
            try await body(locks)
        }
    }

    @Test(
        "A wait ends at its deadline (L5), for one alone in its line and for those behind it", arguments: [false, true])
    func deadline(redlock: Bool) async throws {
        try await withSilence(redlock: redlock) { locks in
            let start = Self.clock.now
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        await #expect(throws: LockError.self) {
                            _ = try await locks.acquire("a", waitingAtMost: .milliseconds(300))
                        }
                    }
                }
            }
            let spent = start.duration(to: Self.clock.now)
            #expect(spent >= .milliseconds(300) && spent < .milliseconds(300) + Self.margin, "\(spent)")
        }
    }

    @Test("A cancellation ends the call at once (R27), whatever the servers do", arguments: [false, true])
    func cancellation(redlock: Bool) async throws {
        try await withSilence(redlock: redlock) { locks in
            // Owned and awaited by this test.
            let waiting = (0..<2).map { _ in Task { _ = try await locks.acquire("a") } }
            // Until the requests are on their way: nothing tells that of a server that does not answer.
            try await Task.sleep(for: .milliseconds(200))
            let start = Self.clock.now
            for task in waiting { task.cancel() }
            for task in waiting { await #expect(throws: CancellationError.self) { try await task.value } }
            #expect(start.duration(to: Self.clock.now) < Self.margin)
        }
    }
}
