import Lockstead
import LocksteadTesting
import Logging
import RESP
import SeededRandom
import Synchronization
import Testing
import TestServers

@testable import LocksteadRedis

/// Random walks over a real server: answers are lost and commands come late, as the seed has it.
@Suite("Random losses at a real server", .serialized)
struct LossWalkTests {
    @Test(
        "Whatever is lost or late: one holder at a time, rising tokens, and nothing left behind",
        arguments: 0..<4 as Range<UInt64>, RedisEngine.Sharing.allCases)
    func walk(seed: UInt64, sharing: RedisEngine.Sharing) async throws {
        let (server, section) = (try await RedisServer(), Section())
        var draws = SeededGenerator(seed: seed)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                let draws = draws.split()
                group.addTask { try await Self.client(of: server, sharing, draws, section) }
            }
            try await group.waitForAll()
        }
        #expect(section.violations.isEmpty, "seed \(seed)")
        #expect(section.entries > 10, "seed \(seed): \(section.entries) came in")
        try await withBench(server, sharing: sharing) { bench in
            for name in ["a", "b"] {
                let isLeft = try await eventually { try await bench.inspect(name) == nil }
                let rest = try await bench.inspect(name)
                #expect(isLeft, "seed \(seed): \(name) is \(String(describing: rest))")
            }
        }
        print("losses: seed \(seed), \(sharing): \(section.entries) sections")
    }

    /// One client with a few tasks; what was on its way arrives before it stops.
    private static func client(
        of server: RedisServer, _ sharing: RedisEngine.Sharing, _ seed: SeededGenerator, _ section: Section
    ) async throws {
        var engine = RedisEngine(server.configuration)
        engine.sharing = sharing
        let context = EngineContext(
            logger: Logger(label: "walk") { _ in SwiftLogNoOpLogHandler() }, time: SystemTimeSource())
        let node = RedisNode(engine.configuration.endpoints[0], configuration: engine.configuration, context: context)
        let lossy = LateClient(node)
        let backend = try RedisBackend(engine, client: lossy, context: context)
        try await LockClient.with(LockEngine(name: "redis") { _ in backend }, logger: context.logger) { client in
            for script in LockScripts.all { _ = try await node.send(RedisCommand("SCRIPT", "LOAD", script.source)) }
            var draws = seed
            lossy.begin(draws.split())
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    let draws = draws.split()
                    group.addTask { await Self.rounds(client, sharing, draws, section) }
                }
            }
            lossy.end()
            try await lossy.arrive()
        }
    }

    private static func rounds(
        _ client: LockClient, _ sharing: RedisEngine.Sharing, _ seed: SeededGenerator, _ section: Section
    ) async {
        var draws = seed
        for _ in 0..<12 {
            let fairness: Fairness = sharing == .foreign || draws.chance(0.3) ? .barging : .fair
            let mode: LockMode = draws.chance(0.3) ? .shared : .exclusive
            let names = draws.chance(0.2) ? ["a", "b"] : [draws.chance(0.7) ? "a" : "b"]
            let patience = Duration.milliseconds(Int64.random(in: 0...1_500, using: &draws))
            let isCancelled = draws.chance(0.2)
            // Awaited below.
            let round = Task {
                // Many of these fail, as they must: what counts is who comes in, and what is left.
                try? await client.withLocks(
                    names, mode: mode, waitingAtMost: patience, lease: .seconds(60), fairness: fairness
                ) { lease in
                    section.enter(names, mode, lease.token)
                    defer { section.leave(names, mode) }
                    try await Task.sleep(for: .milliseconds(2))
                }
            }
            if isCancelled {
                // Woken early or late, it is a random moment all the same.
                try? await Task.sleep(for: patience / 4)
                round.cancel()
            }
            _ = await round.value
        }
    }

    /// Who is inside, and what was wrong with it.
    private final class Section: Sendable {
        private struct State {
            var writers: [String: Int] = [:]
            var readers: [String: Int] = [:]
            var newest: [String: FencingToken] = [:]
            var entries = 0
            var violations: [String] = []
        }

        private let state = Mutex(State())
        var violations: [String] { state.withLock { $0.violations } }
        var entries: Int { state.withLock { $0.entries } }

        func enter(_ names: [String], _ mode: LockMode, _ token: FencingToken) {
            state.withLock { state in
                state.entries += 1
                for name in names {
                    let (writers, readers) = (state.writers[name, default: 0], state.readers[name, default: 0])
                    if writers > 0 || (mode == .exclusive && readers > 0) {
                        state.violations.append("\(token) came in \(name) beside \(writers) + \(readers)")
                    }
                    guard mode == .exclusive else {
                        state.readers[name] = readers + 1
                        continue
                    }
                    if let newest = state.newest[name], token <= newest {
                        state.violations.append("\(token) came after \(newest)")
                    }
                    (state.writers[name], state.newest[name]) = (writers + 1, token)
                }
            }
        }

        func leave(_ names: [String], _ mode: LockMode) {
            state.withLock { state in
                for name in names {
                    if mode == .exclusive { state.writers[name]? -= 1 } else { state.readers[name]? -= 1 }
                }
            }
        }
    }
}
