import Jute
import Lockstead
import Synchronization
import Testing
import TestServers

@testable import LocksteadZooKeeper

/// Three real servers.
@Suite(
    "On three ZooKeeper servers", .serialized, .enabled(if: ZooKeeperServer.isRequired, "dev/setup installs zookeeper"))
struct EnsembleTests {
    @Test(
        "A server that is lost interrupts nothing: its client goes on at another one, with the same session, token and place"
    )
    func serverLost() async throws {
        let ensemble = try await ZooKeeperEnsemble()
        defer { ensemble.kill() }
        let servers = ensemble.servers
        try await ZooKeeperFixture.with(servers) { fixture in
            let held = try await fixture.hold("a", lease: .seconds(10))
            let request = try fixture.request("a", lease: .seconds(10))
            // Owned by this test, which awaits it.
            let waiting = Task { try await fixture.grant(request) }
            let session = try fixture.session(of: held)
            let before = session.id
            let port = try #require(session.state.withLock { $0.connection?.endpoint.port })
            try #require(servers.first { $0.port == port }).kill()
            try await fixture.waitUntil("it is renewed elsewhere") {
                guard case .renewed = await fixture.backend.renew([held], deadline: fixture.soon)[0] else {
                    return false
                }
                return session.state.withLock { $0.connection.map { $0.endpoint.port != port } ?? false }
            }
            #expect(session.id == before)
            #expect(try await fixture.backend.release(held, deadline: fixture.soon) == .released)
            let next = try await waiting.value
            #expect(next.token > held.token)
        }
    }

    @Test(
        "A server that is lost interrupts no inspection, listing, register or watch, nor a forced release that has told nobody yet",
        .timeLimit(.minutes(2)))
    func serverLostBesideReaders() async throws {
        let ensemble = try await ZooKeeperEnsemble()
        defer { ensemble.kill() }
        try await ZooKeeperFixture.with(ensemble.servers) { fixture in
            let held = try await fixture.hold("a", lease: .seconds(200))
            let (backend, done) = (fixture.backend, OnceFlag())
            let changes = backend.changes(prefix: "")
            // Whatever is read after the call is read after the watch has begun.
            _ = try await backend.inspect(held.names[0], deadline: fixture.soon)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for act in 0..<5 {
                    group.addTask {
                        while !done.isSet { try await Self.look(act, at: held, fixture) }
                    }
                }
                for _ in 0..<2 {
                    let server = try #require(Self.readersServer(ensemble, backend))
                    server.kill()
                    try await fixture.waitUntil("the readers are elsewhere") {
                        Self.readersServer(ensemble, backend).map { $0 !== server } ?? false
                    }
                    try await server.restart()
                    try await server.waitUntilServing()
                }
                done.set()
                try await group.waitForAll()
            }
            _ = try await backend.release(held, deadline: fixture.soon)
            for try await change in changes where change.kind == .released && change.token == held.token { break }
        }
    }

    /// The server that all is read from that needs no lease; `nil` while there is none.
    private static func readersServer(
        _ ensemble: ZooKeeperEnsemble, _ backend: ZooKeeperBackend
    ) -> ZooKeeperServer? {
        let session = backend.sessions.any(alone: true)
        defer { session.leave() }
        let port = session.state.withLock { state in
            state.machine.phase == .connected ? state.connection?.endpoint.port : nil
        }
        return ensemble.servers.first { $0.port == port }
    }

    private static func look(_ act: Int, at held: Grant, _ fixture: ZooKeeperFixture) async throws {
        let (backend, name) = (fixture.backend, held.names[0])
        switch act {
        case 0: #expect(try await backend.inspect(name, deadline: fixture.soon)?.holders.map(\.token) == [held.token])
        case 1: #expect(try await backend.list(prefix: "a", limit: 9, deadline: fixture.soon).map(\.name) == [name])
        case 2: _ = try await backend.load(name, deadline: fixture.soon)
        case 3:
            let write = RegisterWrite(.value([1]), in: name, under: held.token)
            do throws(LockError) { _ = try await backend.store(write, deadline: fixture.soon) } catch {
                // What may have happened is told as that, and not done again.
                #expect(error.effect == .mayHaveHappened, "\(error)")
            }
        default:
            let other = try await fixture.hold("b", lease: .seconds(200))
            do throws(LockError) {
                let forced = try await backend.forceRelease(
                    other.names[0], reason: "test", now: false, deadline: fixture.soon)
                #expect(forced.revoked == [other.token])
            } catch {
                #expect(error.effect == .mayHaveHappened, "\(error)")
            }
            _ = try await backend.release(other, deadline: fixture.soon)
        }
    }

    @Test("Without a majority nothing is granted or renewed, and each call ends within its deadline")
    func noMajority() async throws {
        let ensemble = try await ZooKeeperEnsemble()
        defer { ensemble.kill() }
        let servers = ensemble.servers
        try await ZooKeeperFixture.with(servers) { fixture in
            let held = try await fixture.hold("a", lease: .seconds(4))
            for server in servers.dropFirst() { server.kill() }
            let start = fixture.time.now
            let deadline = start.advanced(by: .seconds(1))
            let outcome = await fixture.backend.renew([held], deadline: deadline)[0]
            guard case .unknown = outcome else {
                Issue.record("it is \(outcome)")
                return
            }
            #expect(start.duration(to: fixture.time.now) < .milliseconds(1_200))
            let asked = fixture.time.now
            let request = try fixture.request(
                "b", lease: .seconds(4), wait: .until(asked.advanced(by: .milliseconds(500))))
            let error = await #expect(throws: LockError.self) { _ = try await fixture.grant(request) }
            #expect(error != nil && asked.duration(to: fixture.time.now) < .milliseconds(700))
        }
    }

    @Test(
        "A follower that is held in its steps keeps its client's answers: nothing counts as a proof of life, and the client goes elsewhere"
    )
    func pausedFollower() async throws {
        let ensemble = try await ZooKeeperEnsemble()
        defer { ensemble.kill() }
        let servers = ensemble.servers
        try await ZooKeeperFixture.with(servers) { fixture in
            let held = try await fixture.hold("a", lease: .seconds(6))
            let session = try fixture.session(of: held)
            let port = try #require(session.state.withLock { $0.connection?.endpoint.port })
            let paused = try #require(servers.first { $0.port == port })
            paused.pause()
            defer { paused.resume() }
            let before = session.proof
            try await fixture.waitUntil("another server has confirmed it") {
                let deadline = fixture.time.now.advanced(by: .seconds(1))
                guard case .renewed = await fixture.backend.renew([held], deadline: deadline)[0] else { return false }
                return true
            }
            #expect(session.proof != before)
            #expect(session.state.withLock { $0.connection?.endpoint.port } != port)
        }
    }

    @Test("A create whose answer was lost with its server is found again by its id, and none is left over (R23)")
    func answerLost() async throws {
        let ensemble = try await ZooKeeperEnsemble()
        defer { ensemble.kill() }
        let servers = ensemble.servers
        try await ZooKeeperFixture.with(servers) { fixture in
            let first = try await fixture.hold("warm", lease: .seconds(10))
            let session = try fixture.session(of: first)
            let port = try #require(session.state.withLock { $0.connection?.endpoint.port })
            let server = try #require(servers.first { $0.port == port })
            // Owned by this test, which awaits them.
            let many = try (0..<20).map { number in
                let request = try fixture.request("n\(number % 4)", lease: .seconds(10))
                return Task {
                    let grant = try await fixture.grant(request)
                    return try await fixture.backend.release(grant, deadline: fixture.soon)
                }
            }
            try await fixture.time.sleep(until: fixture.time.now.advanced(by: .milliseconds(10)))
            server.kill()
            for task in many { #expect(try await task.value == .released) }
            for name in ["n0", "n1", "n2", "n3"] {
                let lock = try await fixture.backend.inspect(try LockName(name), deadline: fixture.soon)
                #expect(lock == nil, "\(String(describing: lock))")
            }
        }
    }

    @Test("What happened while a watch had no connection is told afterwards: who came, and which register was written")
    func watchCatchesUp() async throws {
        let ensemble = try await ZooKeeperEnsemble()
        defer { ensemble.kill() }
        let servers = ensemble.servers
        try await ZooKeeperFixture.with([servers[0]]) { watcher in
            let changes = watcher.backend.changes(prefix: "")
            // Whatever is read after the call is read after the watch has begun.
            _ = try await watcher.backend.inspect(try LockName("a"), deadline: watcher.soon)
            servers[0].kill()
            try await ZooKeeperFixture.with(Array(servers[1...])) { other in
                let grant = try await other.hold("a", lease: .seconds(20))
                let write = RegisterWrite(.value([1]), in: grant.names[0], under: grant.token)
                guard case .stored = try await other.backend.store(write, deadline: other.soon) else {
                    Issue.record("nothing was stored")
                    return
                }
                try await servers[0].restart()
                var told: Set<LockChange.Kind> = []
                for try await change in changes where change.token == grant.token {
                    told.insert(change.kind)
                    if told.isSuperset(of: [.granted, .registerChanged]) { break }
                }
                #expect(told.isSuperset(of: [.granted, .registerChanged]))
            }
        }
    }

    @Test("A revoked grant that is asked for once more stays its holder's to give back")
    func revokedIsNotForgotten() async throws {
        let ensemble = try await ZooKeeperEnsemble()
        defer { ensemble.kill() }
        try await ZooKeeperFixture.with(ensemble.servers) { fixture in
            let request = try fixture.request("a")
            let grant = try await fixture.grant(request)
            let name = grant.names[0]
            _ = try await fixture.backend.forceRelease(name, reason: "test", now: false, deadline: fixture.soon)
            try await fixture.waitUntil("its client knows") {
                fixture.backend.holds.withLock { $0[request.id]?.loss != nil }
            }
            let error = await #expect(throws: LockError.self) { _ = try await fixture.grant(request) }
            #expect(error?.code == .leaseLost)
            _ = try await fixture.backend.release(grant, deadline: fixture.soon)
            #expect(try await fixture.backend.inspect(name, deadline: fixture.soon) == nil)
        }
    }
}
