import Lockstead
import Synchronization
import Testing
import TestServers

@testable import LocksteadEtcd

/// One real member.
@Suite("On one member", .serialized)
struct MemberTests {
    @Test("Ten thousand calls, a thousand and more each 30 s, go over one connection, which no member's pings end")
    func manyCalls() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            _ = try await fixture.hold("first")
            let before = fixture.backend.client.callCount
            let connections = try Loopback.connections(to: server.port)
            let start = fixture.time.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<8 {
                    group.addTask {
                        for _ in 0..<625 {
                            let grant = try await fixture.hold("n/\(task)")
                            _ = try await fixture.backend.release(grant, deadline: fixture.soon)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let calls = fixture.backend.client.callCount - before
            let spent = start.duration(to: fixture.time.now)
            #expect(spent < .seconds(30) * 10)
            // A lock costs two calls; where it takes long the session gives signs of life.
            #expect((10_000...10_000 + Int(spent / .seconds(1))).contains(calls))
            let after = try Loopback.connections(to: server.port)
            #expect(connections.count == 1 && after == connections, "\(connections) and \(after)")
            #expect(fixture.backend.client.current().turn == 0)
        }
    }

    @Test("A lease that an operator revokes ends the wait at once, though the lock is not free yet (R3, R4)")
    func revokedLease() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { other in
            try await EtcdFixture.with([server]) { fixture in
                let held = try await other.hold("a")
                let request = try fixture.request("a", lease: .seconds(30))
                // Owned by this test, which awaits it.
                let waiting = Task { try await fixture.backend.acquire(request) }
                try await fixture.waitUntil("it waits") {
                    try await fixture.backend.inspect(held.names[0], deadline: fixture.soon)?.waiterCount == 1
                }
                let session = try #require(fixture.backend.sent.withLock { $0[request.id] })
                try server.control("lease", "revoke", session.id.description)
                let revoked = fixture.time.now
                let error = await #expect(throws: LockError.self) { _ = try await waiting.value }
                #expect(error?.code == .leaseLost && error?.effect == .didNotHappen)
                #expect(revoked.duration(to: fixture.time.now) < .seconds(2), "its lock is not even free yet")
                #expect(try await other.backend.release(held, deadline: other.soon) == .released)
            }
        }
    }

    @Test("A renewal looks at the key itself: one that is gone while its lease lives is lost (RULES 2)")
    func removedKey() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            let held = try await fixture.hold("a")
            guard case .renewed? = await fixture.backend.renew([held], deadline: fixture.soon).first else {
                Issue.record("a live grant was not renewed")
                return
            }
            try server.control("del", "--prefix", "a/")
            guard case .lost? = await fixture.backend.renew([held], deadline: fixture.soon).first else {
                Issue.record("a grant whose key is gone was renewed")
                return
            }
            #expect(try await fixture.backend.release(held, deadline: fixture.soon) != .released)
        }
    }

    @Test("A wait outlives a compaction of all that it has seen")
    func compaction() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            let held = try await fixture.hold("a")
            async let waiting = fixture.hold("a")
            for number in 0..<20 { try server.control("put", "other", "\(number)") }
            let revision = try await fixture.backend.queue(of: held.names[0], fixture.soon).revision
            try server.control("compact", "\(revision)")
            _ = try await fixture.backend.release(held, deadline: fixture.soon)
            let released = fixture.time.now
            let next = try await waiting
            let waited = released.duration(to: fixture.time.now)
            #expect(next.token > held.token && waited < .seconds(2))
        }
    }

    @Test(
        "A lock costs two calls, and a wait one more to come forward, and one to look where the queue is not known to be short"
    )
    func costs() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            #expect(try await Self.waitCost(of: fixture, behind: fixture) == 4)
            try await EtcdFixture.with([server]) { other in
                // It has a session by then.
                _ = try await other.backend.release(try await other.hold("b"), deadline: other.soon)
                #expect(try await Self.waitCost(of: other, behind: fixture) == 4, "its holder's client released")
            }
        }
    }

    /// The calls of one client that waits, holds and releases; where it waits for itself, the first release is among them.
    private static func waitCost(of fixture: EtcdFixture, behind holder: EtcdFixture) async throws -> Int {
        let first = try await holder.hold("a")
        let before = fixture.backend.client.callCount
        async let waiting = fixture.hold("a")
        try await fixture.waitUntil("it waits") { !fixture.backend.waits.isEmpty }
        _ = try await holder.backend.release(first, deadline: holder.soon)
        let second = try await waiting
        _ = try await fixture.backend.release(second, deadline: fixture.soon)
        return fixture.backend.client.callCount - before
    }

    @Test(
        "A queue that is known to be short is read as it is joined: with names below it, with a holder of another kind, and behind two"
    )
    func joinedAndRead() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            for name in ["a", "a/b", "a/c", "p"] {
                _ = try await fixture.backend.release(try await fixture.hold(name), deadline: fixture.soon)
            }
            let held = try await fixture.hold("a")
            async let all = fixture.grant(try fixture.request("a", "a/b", "a/c"))
            try await fixture.waitUntil("it waits") { !fixture.backend.waits.isEmpty }
            async let last = fixture.hold("a")
            try await fixture.waitUntil("two wait") { fixture.backend.waits.all.count == 2 }
            _ = try await fixture.backend.release(held, deadline: fixture.soon)
            let whole = try await all
            #expect(whole.names.count == 3)
            try await fixture.waitUntil("one waits") { fixture.backend.waits.all.count == 1 }
            _ = try await fixture.backend.release(whole, deadline: fixture.soon)
            #expect(try await last.token > whole.token)
            let permit = try await fixture.grant(try fixture.request("p", mode: .permits(count: 1, limit: 2)))
            let error = await #expect(throws: LockError.self) { _ = try await fixture.hold("p") }
            #expect(error?.code == .kindMismatch)
            _ = try await fixture.backend.release(permit, deadline: fixture.soon)
        }
    }

    @Test("Names below a locked name neither wait for it nor hold it up, and the other way round (RULES 31)")
    func nestedNames() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            var below: [Grant] = []
            for number in 0..<10 { below.append(try await fixture.hold("a/\(number)")) }
            let upper = try await fixture.grant(try fixture.request("a", wait: .never))
            guard case .busy = try await fixture.backend.acquire(try fixture.request("a", wait: .never)) else {
                Issue.record("two holders")
                return
            }
            let reader = try await fixture.grant(try fixture.request("a/x", mode: .shared))
            async let waiting = fixture.hold("a")
            try await fixture.waitUntil("it waits") {
                try await fixture.backend.inspect(upper.names[0], deadline: fixture.soon)?.waiterCount == 1
            }
            _ = try await fixture.backend.release(upper, deadline: fixture.soon)
            #expect(try await waiting.token > upper.token)
            for grant in below + [reader] { _ = try await fixture.backend.release(grant, deadline: fixture.soon) }
        }
    }

    @Test("A fifth lease duration is refused, unless one of the four is no longer used (RULES 15)")
    func sessions() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            var grants: [Grant] = []
            for seconds in 10..<14 { grants.append(try await fixture.hold("n/\(seconds)", lease: .seconds(seconds))) }
            let error = await #expect(throws: LockError.self) { _ = try await fixture.hold("e", lease: .seconds(20)) }
            #expect(error?.code == .limitExceeded && error?.effect == .didNotHappen)
            _ = try await fixture.backend.release(grants[0], deadline: fixture.soon)
            _ = try await fixture.hold("e", lease: .seconds(20))
        }
    }

    @Test("A member without the fix for leases makes grants advisory, and more is refused (RULES 31)")
    func guarantee() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            let version = try await fixture.backend.client.ask(Etcdserverpb_StatusRequest(), deadline: fixture.soon)
            let expected = try #require(EtcdVersion(version.answer.version)).guarantee
            #expect(try await fixture.hold("a").guarantee == expected)
            #expect(fixture.backend.capabilities.guarantee == expected)
        }
    }
}
