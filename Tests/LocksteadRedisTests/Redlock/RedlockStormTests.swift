import Foundation
import Lockstead
import SeededRandom
import Synchronization
import Testing
import TestServers

@testable import LocksteadRedis

/// Many grants by several clients while nodes are killed and started again with what they had synced.
///
/// `LOCKSTEAD_REDLOCK_GRANTS` makes it longer; `dev/show/05-redlock-tokens` does.
@Suite("Redlock's tokens under node failures", .serialized)
struct RedlockStormTests {
    private static let grants =
        ProcessInfo.processInfo.environment["LOCKSTEAD_REDLOCK_GRANTS"].flatMap { Int($0) } ?? 3_000
    private static let names = (0..<24).map { "storm/\($0)" }

    /// What was granted, as those saw it who held the lock at that moment.
    private final class Ledger: Sendable {
        struct State {
            var last: [String: FencingToken] = [:]
            var inside: Set<String> = []
            var grants = 0
            var wrong: [String] = []
            var failures: [String: Int] = [:]
        }

        let state = Mutex(State())

        func enter(_ name: String, _ token: FencingToken) {
            state.withLock { state in
                state.grants += 1
                if let last = state.last[name], last >= token { state.wrong.append("\(name): \(last), then \(token)") }
                if !state.inside.insert(name).inserted { state.wrong.append("\(name): two inside under \(token)") }
                state.last[name] = token
            }
        }

        func leave(_ name: String) { _ = state.withLock { $0.inside.remove(name) } }
        func fail(_ error: LockError) { state.withLock { $0.failures["\(error.code)", default: 0] += 1 } }
        var grants: Int { state.withLock(\.grants) }
    }

    @Test("Tokens rise strictly while nodes that keep a majority's memory are killed and restarted (RULES 10, R47)")
    func rises() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        // Small files: each of many restarts reads them.
        let servers = try await redlockServers(
            5,
            options: [
                "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-min-size", "1mb",
            ])
        let ledger = Ledger()
        let kills = try await withThrowingTaskGroup(of: Int.self) { group in
            for client in 0..<4 { group.addTask { try await Self.work(client, servers, ledger) } }
            group.addTask { try await Self.harm(servers, ledger, SeededGenerator(seed: seed)) }
            return try await group.reduce(0, +)
        }
        let found = ledger.state.withLock { $0 }
        print(
            "redlock storm: \(found.grants) grants, \(kills) kills, \(found.wrong.count) wrong, failures \(found.failures)"
        )
        #expect(found.wrong == [], "seed \(seed)")
        #expect(found.grants >= Self.grants && kills > 0)
    }

    private static func work(_ client: Int, _ servers: [RedisServer], _ ledger: Ledger) async throws -> Int {
        try await withRedlock(servers) { (bench) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<4 { group.addTask { try await turns(client * 5 + task * 3, bench, ledger) } }
                try await group.waitForAll()
            }
        }
        return 0
    }

    private static func turns(_ start: Int, _ bench: RedlockBench, _ ledger: Ledger) async throws {
        var turn = start
        while ledger.grants < grants {
            turn += 7
            let name = names[turn % names.count]
            let wait = LockRequest.Wait.until(bench.time.now.advanced(by: .seconds(5)))
            do throws(LockError) {
                guard let request = try? bench.request(name, lease: .seconds(10), wait: wait),
                    case .granted(let grant) = try await bench.backend.acquire(request)
                else { continue }
                ledger.enter(name, grant.token)
                // Some stay for a while, so that a second one inside would be seen; a cancelled sleep is a short one.
                if turn.isMultiple(of: 3) { try? await Task.sleep(for: .milliseconds(turn % 5)) }
                ledger.leave(name)
                _ = try await bench.backend.release(grant, deadline: bench.soon)
            } catch {
                ledger.fail(error)
                // As a program would: nodes need a moment to come back.
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    /// Never more than two nodes are down, and each comes back with all that it had answered.
    private static func harm(
        _ servers: [RedisServer], _ ledger: Ledger, _ generator: SeededGenerator
    ) async throws -> Int {
        var (draws, kills) = (generator, 0)
        while ledger.grants < grants {
            let victims = servers.shuffled(using: &draws).prefix(draws.chance(0.5) ? 2 : 1)
            for victim in victims { victim.kill() }
            kills += victims.count
            // How long nodes are down and up is what is being tried.
            try await Task.sleep(for: .milliseconds(Int64(draws.next() % 200)))
            for victim in victims { try await victim.restart() }
            try await Task.sleep(for: .milliseconds(Int64(200 + draws.next() % 1_000)))
        }
        return kills
    }
}
