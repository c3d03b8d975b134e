import Lockstead
import Testing
import TestServers

@testable import LocksteadRedis

@Suite("Locks through a failover by sentinels", .serialized)
struct SentinelFailoverTests {
    enum Trouble: String, CaseIterable, Sendable { case killed, stopped }

    /// How long a lock lives that nobody renews.
    private static let lease = Duration.seconds(30)

    @Test(
        "R38, R43: a grant that was replicated is suspect at once and survives with its token",
        arguments: Trouble.allCases)
    func survives(trouble: Trouble) async throws {
        let servers = try await SentinelServers()
        defer { servers.kill() }
        try await servers.withLocks { (first) async throws in
            try await servers.withLocks { (second) async throws in
                let held = try await first.acquire("order/1", waitingAtMost: .seconds(30), lease: Self.lease)
                let token = held.lease.token
                try servers.servers[0].ask("WAIT", "2", "1000")
                // Awaited below.
                let waiting = Task {
                    try await second.acquire("order/1", waitingAtMost: .seconds(30), lease: Self.lease)
                }
                let new = try await failOver(servers, by: trouble) { () async throws in
                    #expect(try await eventually { held.isSuspect })
                }
                #expect(try await eventually { held.lease.isHeld })
                #expect(held.lease.token == token)
                #expect(try await second.tryAcquire("order/2", lease: Self.lease) != nil)
                try await held.release()
                // Awaited here.
                let next = try await waiting.value
                #expect(next.lease.token > token)
                #expect(try new.ask("GET", "order/1").contains(next.lease.token.description))
                try await next.release()
            }
        }
    }

    /// Takes the primary away and waits until another one has taken over.
    private func failOver(
        _ servers: SentinelServers, by trouble: Trouble, meanwhile: () async throws -> Void
    ) async throws -> RedisServer {
        let old = servers.servers[0]
        switch trouble {
        case .killed: old.kill()
        case .stopped: old.pause()
        }
        try await meanwhile()
        let new = try await servers.awaitFailover(from: old)
        if trouble == .stopped { old.resume() }
        return new
    }

    @Test("R38: a grant that no replica had is suspect before the next one, then told as lost; never two in silence")
    func forgotten() async throws {
        let servers = try await SentinelServers()
        defer { servers.kill() }
        try await servers.withLocks { (first) async throws in
            try await servers.withLocks { (second) async throws in
                for replica in servers.servers.dropFirst() { replica.pause() }
                // What was sent to them before they were stopped they would still read.
                try servers.servers[0].ask("CLIENT", "KILL", "TYPE", "replica")
                let held = try await first.acquire("order/1", waitingAtMost: .seconds(30), lease: Self.lease)
                servers.servers[0].kill()
                for replica in servers.servers.dropFirst() { replica.resume() }
                let next = try await second.acquire("order/1", waitingAtMost: .seconds(30), lease: Self.lease)
                #expect(!held.lease.isHeld)
                #expect(held.lease.guarantee.exclusion == .advisory)
                #expect(next.lease.guarantee.exclusion == .advisory)
                #expect(try await eventually { if case .lost = held.lease.state { true } else { false } })
                // The lock is another's now.
                try? await held.release()
                #expect(try await second.renewed(next))
                try await next.release()
            }
        }
    }

    @Test("R38: with ack, a grant that no replica has is not reported, and nothing is left of it")
    func unacknowledged() async throws {
        let servers = try await SentinelServers()
        defer { servers.kill() }
        try await servers.withLocks(acknowledgements: 1) { (locks) async throws in
            let held = try await locks.acquire("order/0", lease: Self.lease)
            // Once it listens the client renews what it holds, which would wait for the replicas before what is looked at here.
            try await Task.sleep(for: .milliseconds(500))
            for replica in servers.servers.dropFirst() { replica.pause() }
            let error = await #expect(throws: LockError.self) {
                try await locks.tryAcquire("order/1", lease: Self.lease)
            }
            #expect((error?.cause as? RedisError)?.code == .tooFewReplicas)
            #expect(error?.effect == .didNotHappen)
            #expect(try servers.servers[0].ask("EXISTS", "order/1") == "0")
            for replica in servers.servers.dropFirst() { replica.resume() }
            let again = try await locks.acquire("order/1", waitingAtMost: .seconds(10), lease: Self.lease)
            #expect(again.lease.isHeld)
            #expect(held.lease.isHeld)
        }
    }

    @Test(
        "RULES 2: while no majority of the sentinels confirms the primary, its word extends nothing and grants nothing")
    func minority() async throws {
        let servers = try await SentinelServers()
        defer { servers.kill() }
        try await servers.withLocks { (locks) async throws in
            let held = try await locks.acquire("order/1", lease: .seconds(6))
            for sentinel in servers.sentinels.dropFirst() { sentinel.pause() }
            #expect(try await eventually { held.isSuspect })
            let error = await #expect(throws: LockError.self) { try await locks.tryAcquire("order/2") }
            #expect((error?.cause as? RedisError)?.code == .unconfirmed)
            #expect(try servers.servers[0].ask("EXISTS", "order/2") == "0")
            #expect(try await eventually { if case .lost = held.lease.state { true } else { false } })
            for sentinel in servers.sentinels.dropFirst() { sentinel.resume() }
            let next = try await locks.acquire("order/1", waitingAtMost: .seconds(10))
            #expect(next.lease.isHeld)
        }
    }

    @Test("A minority of the sentinels is no loss")
    func oneSentinelLess() async throws {
        let servers = try await SentinelServers()
        defer { servers.kill() }
        try await servers.withLocks { (locks) async throws in
            let held = try await locks.acquire("order/1", lease: .seconds(3))
            servers.sentinels[0].kill()
            try await Task.sleep(for: .seconds(4))
            #expect(held.lease.isHeld)
            #expect(try await locks.tryAcquire("order/2") != nil)
        }
    }
}

extension LockClient {
    /// Whether the engine still has the grant.
    fileprivate func renewed(_ held: HeldLock) async throws -> Bool {
        guard let description = try await inspect(held.lease.name) else { return false }
        return description.holders.map(\.token) == [held.lease.token] && held.lease.isHeld
    }
}
