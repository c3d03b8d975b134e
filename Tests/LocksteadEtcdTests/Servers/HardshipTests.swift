import Lockstead
import Synchronization
import Testing
import TestServers

@testable import LocksteadEtcd

/// What was found by trying to break the engine.
@Suite("Hardship", .serialized)
struct HardshipTests {
    /// A grant, and a task that waits for the same name behind it.
    private func waiting(
        _ fixture: EtcdFixture, behind held: Grant
    ) async throws -> (LockRequest, Task<AcquireOutcome, any Error>) {
        let request = try fixture.request(held.names[0].text)
        // Owned by the test that asked for it, which awaits it.
        let task = Task { try await fixture.backend.acquire(request) }
        try await fixture.waitUntil("it waits") { !fixture.backend.waits.isEmpty }
        return (request, task)
    }

    private func token(_ outcome: AcquireOutcome) -> FencingToken? {
        if case .granted(let grant) = outcome { grant.token } else { nil }
    }

    @Test("Without a prefix all is listed and told as with one")
    func noPrefix() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            let changes = fixture.backend.changes(prefix: "")
            let held = try await fixture.hold("a")
            #expect(
                try await fixture.backend.list(prefix: "", limit: 10, deadline: fixture.soon).map(\.name) == held.names)
            var first: LockChange?
            for try await change in changes {
                first = change
                break
            }
            #expect(first?.token == held.token)
        }
    }

    @Test("Whoever waits learns within a second or so that an operator removed its key")
    func removedWaiter() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            let held = try await fixture.hold("a")
            let (request, task) = try await waiting(fixture, behind: held)
            let session = try #require(fixture.backend.sent.withLock { $0[request.id] })
            let key = fixture.backend.naming.keys(of: held.names[0]).contender(session.id, request.id)
            try server.control("del", String(decoding: key, as: UTF8.self))
            let removed = fixture.time.now
            let error = await #expect(throws: LockError.self) { _ = try await task.value }
            #expect(error?.code == .leaseLost && removed.duration(to: fixture.time.now) < .seconds(3))
            #expect(try await fixture.backend.release(held, deadline: fixture.soon) == .released)
        }
    }

    @Test(
        "A watch that is lost unnoticed delays a waiter by a second or so, for permits too (L3)",
        arguments: [LockMode.exclusive, .permits(count: 1, limit: 1)])
    func lostWatch(mode: LockMode) async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            let held = try await fixture.grant(try fixture.request("a", mode: mode))
            async let next = fixture.grant(try fixture.request("a", mode: mode))
            try await fixture.waitUntil("it waits") { !fixture.backend.waits.isEmpty }
            for id in Int64(1)...20 { fixture.backend.hub.cancel(id) }
            #expect(try await fixture.backend.release(held, deadline: fixture.soon) == .released)
            let released = fixture.time.now
            #expect(try await next.token > held.token)
            #expect(released.duration(to: fixture.time.now) < .seconds(3))
        }
    }

    @Test("A watch that is refused for a token that ran out is begun anew with another")
    func expiredToken() async throws {
        let server = try await EtcdServer(.init(options: ["--auth-token-ttl", "1"]))
        defer { server.kill() }
        try server.control("user", "add", "root:rootpw")
        try server.control("user", "grant-role", "root", "root")
        try server.control("auth", "enable")
        let root: @Sendable (inout EtcdEngine) -> Void = { engine in
            (engine.configuration.user, engine.configuration.password) = ("root", "rootpw")
        }
        try await EtcdFixture.with([server], root) { fixture in
            let first = try await fixture.hold("a")
            let (_, waiter) = try await waiting(fixture, behind: first)
            // Longer than a token lasts: there is nothing to await, since the member tells nobody.
            try await fixture.time.sleep(until: fixture.time.now.advanced(by: .milliseconds(2_500)))
            let second = try await fixture.hold("b")
            async let other = fixture.hold("b")
            try await fixture.waitUntil("both wait") { fixture.backend.waits.all.count == 2 }
            // For as long as a new stream takes; the round of all waits comes later.
            try await fixture.time.sleep(until: fixture.time.now.advanced(by: .milliseconds(300)))
            let released = fixture.time.now
            _ = try await fixture.backend.release(second, deadline: fixture.soon)
            #expect(try await other.token > second.token)
            #expect(released.duration(to: fixture.time.now) < .milliseconds(500))
            _ = try await fixture.backend.release(first, deadline: fixture.soon)
            #expect(token(try await waiter.value) != nil)
        }
    }

    @Test("In a store that is full nothing new is granted, and what there is can be given back, given up and revoked")
    func full() async throws {
        let server = try await EtcdServer(.init(options: ["--quota-backend-bytes", "4194304"]))
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            let (first, second) = (try await fixture.hold("a"), try await fixture.hold("b"))
            let (_, waiter) = try await waiting(fixture, behind: first)
            let filling = String(repeating: "x", count: 100_000)
            // It fails as soon as the store is full, which is what it is for.
            for number in 0..<100 where (try? server.control("put", "fill\(number)", filling)) == nil { break }
            let error = await #expect(throws: LockError.self) { _ = try await fixture.hold("c") }
            #expect(error?.effect == .didNotHappen && error?.message.contains("space") == true)
            waiter.cancel()
            await #expect(throws: LockError.self) { _ = try await waiter.value }
            try await fixture.waitUntil("nobody waits") {
                try await fixture.backend.inspect(first.names[0], deadline: fixture.soon)?.waiterCount == 0
            }
            #expect(try await fixture.backend.release(first, deadline: fixture.soon) == .released)
            let forced = try await fixture.backend.forceRelease(
                second.names[0], reason: "full", now: true, deadline: fixture.soon)
            #expect(forced.revoked == [second.token])
            #expect(try await fixture.backend.inspect(second.names[0], deadline: fixture.soon) == nil)
        }
    }

    @Test("Large values of other programs in a queue hold nobody up")
    func largeValues() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            // Put by transactions, since a command's arguments are shorter than a value may be.
            for number in 1...8 {
                var transaction = Transaction()
                transaction.then(
                    .put(Array("a/\(number)".utf8), value: Array(repeating: 0x78, count: 1_000_000), lease: nil))
                _ = try await fixture.backend.client.ask(transaction.request, deadline: fixture.soon)
            }
            #expect(try await fixture.backend.inspect(try LockName("a"), deadline: fixture.soon)?.waiterCount == 7)
            guard case .busy = try await fixture.backend.acquire(try fixture.request("a", wait: .never)) else {
                Issue.record("two holders")
                return
            }
            async let ours = fixture.hold("a")
            try await fixture.waitUntil("it waits") { !fixture.backend.waits.isEmpty }
            // One by one: our own key may begin with the same digit.
            for number in 1...8 { try server.control("del", "a/\(number)") }
            #expect(try await ours.names == [try LockName("a")])
        }
    }

    @Test("A request that was withdrawn is not taken up again, and leaves nothing behind")
    func withdrawn() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            let request = try fixture.request("a")
            _ = try await fixture.grant(request)
            try await fixture.backend.cancel(request, deadline: fixture.soon)
            await #expect(throws: LockError.self) { _ = try await fixture.backend.acquire(request) }
            #expect(try await fixture.backend.inspect(request.names[0], deadline: fixture.soon) == nil)
            try await fixture.waitUntil("nothing is remembered") {
                fixture.backend.sent.withLock { $0[request.id] } == nil
            }
        }
    }

    @Test(
        "A program's own transaction compares the lock's key with the token: it goes through while the lock is held, and not after"
    )
    func fencedWrite() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        var engine = EtcdEngine(EtcdConfiguration(endpoints: [EtcdEndpoint("127.0.0.1", port: server.port)]))
        engine.prefix = "locks/"
        let settings = engine
        try await EtcdFixture.with([server]) { fixture in
            let write = { @Sendable (key: String, token: FencingToken) in
                var transaction = Transaction()
                transaction.require(Array(key.utf8), created: Int64(token.rawValue))
                transaction.then(.put(Array("ledger".utf8), value: Array("\(token)".utf8), lease: nil))
                return try await fixture.backend.client.ask(transaction.request, deadline: fixture.soon).answer
                    .succeeded
            }
            try await LockClient.with(.etcd(settings), logger: .silent) { locks in
                let (key, token) = try await locks.withLocks(["a", "b"]) { lease in
                    for name in ["a", "b"] {
                        let key = try #require(lease.storeKey(for: name))
                        #expect(key.hasPrefix("locks/\(name)/"))
                        #expect(try await write(key, try #require(lease.token(for: name))))
                    }
                    #expect(lease.storeKey(for: "c") == nil)
                    return (try #require(lease.storeKey(for: "a")), lease.token)
                }
                #expect(try await !write(key, token))
            }
        }
    }

    @Test("A cluster is examined, and left again")
    func examined() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        let engine = EtcdEngine(EtcdConfiguration(endpoints: [EtcdEndpoint("127.0.0.1", port: server.port)]))
        let time = SystemTimeSource()
        let start = time.now
        let findings = await EtcdBackend.examine(engine, context: EngineContext(logger: .silent, time: time))
        #expect(try findings.get().contains { $0.subject == "leader" && $0.verdict == .good })
        #expect(start.duration(to: time.now) < .seconds(10))
    }

    @Test("At its end a client gives back the leases that nothing is held by")
    func leases() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        let id = try await EtcdFixture.with([server]) { fixture in
            let held = try await fixture.hold("a")
            let session = try #require(fixture.backend.sent.withLock { $0[held.request] })
            #expect(try server.control("lease", "list").contains(session.id.description))
            _ = try await fixture.backend.release(held, deadline: fixture.soon)
            return session.id
        }
        #expect(try !server.control("lease", "list").contains(id.description))
    }
}
