import Lockstead
import LocksteadTesting
import Logging
import TestServers
import Testing

@testable import LocksteadRedis

/// What brings a primary down.
enum Downfall: String, CaseIterable, Sendable {
    case killed, stopped

    func strike(_ node: RedisClusterServers.Node) {
        switch self {
        case .killed: node.kill()
        case .stopped: node.pause()
        }
    }
}

@Suite("Failover of a real cluster", .serialized)
struct ClusterFailoverTests {
    private let time = SystemTimeSource()

    @Test(
        "Where the replica lacks a grant, its holder is in doubt within a second and told of the loss; others keep theirs",
        arguments: Downfall.allCases)
    func lostGrant(how: Downfall) async throws {
        let servers = try await RedisClusterServers()
        defer { servers.kill() }
        let primary = try servers.primary(of: "a")
        let replica = try servers.replica(of: primary)
        try await LockClient.with(.redis(servers.engine), logger: .quiet) { one in
            let other = try await one.acquire("b", lease: .seconds(30))
            try servers.stopReplication(from: primary)
            let first = try await one.acquire("a", lease: .seconds(30))
            let (doubts, ends) = (Watched<ContinuousTime?>(nil), Watched<LossReason?>(nil))
            // Awaited at the end; it ends with the lease.
            let watching = Task { await follow(first, doubts, ends) }
            how.strike(primary)
            try await servers.awaitTakeover(by: replica)
            let tookOver = time.now
            await doubts.until { $0 != nil }
            let doubted = try #require(doubts.value)
            #expect(doubted - tookOver < .seconds(1), "in doubt \(doubted - tookOver) after the takeover")
            await ends.until { $0 != nil }
            #expect(ends.value == .expired)
            let second = try await one.acquire("a", waitingAtMost: .seconds(10), lease: .seconds(30))
            #expect(first.lease.guarantee.exclusion == .advisory && second.lease.guarantee.exclusion == .advisory)
            #expect(other.lease.isHeld)
            print("failover, \(how): in doubt \(doubted - tookOver) after the takeover")
            try await second.release()
            try await other.release()
            await watching.value
        }
    }

    @Test(
        "R40: a grant that the replica has survives, and scripts unknown to it are loaded",
        arguments: Downfall.allCases)
    func keptGrant(how: Downfall) async throws {
        let servers = try await RedisClusterServers()
        defer { servers.kill() }
        let primary = try servers.primary(of: "a")
        let replica = try servers.replica(of: primary)
        try await LockClient.with(.redis(servers.engine), logger: .quiet) { one in
            let lock = try await one.acquire("a", lease: .seconds(30))
            #expect(try primary.ask("WAIT", "1", "5000") == "1")
            try replica.ask("SCRIPT", "FLUSH")
            how.strike(primary)
            try await servers.awaitTakeover(by: replica)
            let tookOver = time.now
            try await LockClient.with(.redis(servers.engine), logger: .quiet) { (two) async throws in
                #expect(try await two.tryWithLock("a") { _ in true } == nil)
            }
            try await lock.release()
            #expect(try await one.tryWithLock("a") { _ in true } == true)
            #expect(time.now - tookOver < .seconds(3))
        }
    }

    /// Notes the first doubt about a lease, and its end.
    private func follow(
        _ lock: HeldLock, _ doubts: Watched<ContinuousTime?>, _ ends: Watched<LossReason?>
    ) async {
        for await event in lock.lease.events() {
            switch event {
            case .suspect: doubts.update { $0 = $0 ?? time.now }
            case .lost(let reason): return ends.update { $0 = reason }
            default: continue
            }
        }
    }
}

extension Logger {
    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
