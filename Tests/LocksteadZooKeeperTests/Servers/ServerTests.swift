import Jute
import Lockstead
import Synchronization
import Testing
import TestServers

@testable import LocksteadZooKeeper

/// One real server.
@Suite(
    "On one ZooKeeper server", .serialized, .enabled(if: ZooKeeperServer.isRequired, "dev/setup installs zookeeper"))
struct ServerTests {
    @Test("The token is the transaction that created the node, and the node belongs to the session (R42)")
    func token() async throws {
        let server = try await ZooKeeperServer()
        defer { server.kill() }
        try await ZooKeeperFixture.with([server]) { fixture in
            let grant = try await fixture.hold("orders/42")
            let session = try fixture.session(of: grant)
            let path = try #require(grant.keys.first)
            let answer = try await session.ask(.exists(path: path, watch: false), until: fixture.soon)
            guard case .stat(let stat) = answer.result else {
                Issue.record("no stat")
                return
            }
            #expect(stat.created == Int64(grant.token.rawValue) && stat.owner == session.id)
            #expect(path.hasPrefix("/orders/42/_c_") && ContenderName(String(path.split(separator: "/")[2])) != nil)
        }
    }

    @Test("Tokens rise though the queue's node is removed and its numbers begin again (R44)")
    func parentRemoved() async throws {
        let server = try await ZooKeeperServer()
        defer { server.kill() }
        try await ZooKeeperFixture.with([server]) { fixture in
            var last = FencingToken(rawValue: 0)
            for _ in 0..<3 {
                let grant = try await fixture.hold("a")
                #expect(grant.token > last)
                last = grant.token
                #expect(grant.keys.first?.hasSuffix("-lock-0000000000") == true)
                let session = try fixture.session(of: grant)
                _ = try await fixture.backend.release(grant, deadline: fixture.soon)
                _ = try await session.ask(.delete(path: "/a"), until: fixture.soon)
            }
        }
    }

    @Test(
        "A server that is killed and comes back finds the session as it was: the lock is kept, and was in doubt meanwhile (R43)"
    )
    func restart() async throws {
        let server = try await ZooKeeperServer()
        defer { server.kill() }
        try await ZooKeeperFixture.with([server]) { fixture in
            let notices = fixture.backend.notices()
            let grant = try await fixture.hold("a", lease: .seconds(20))
            server.kill()
            var iterator = notices.makeAsyncIterator()
            guard case .suspect(let requests, _) = await iterator.next() else {
                Issue.record("nobody doubted")
                return
            }
            #expect(requests == [grant.request])
            try await server.restart()
            try await fixture.waitUntil("it is renewed") {
                let outcomes = await fixture.backend.renew([grant], deadline: fixture.soon)
                if case .renewed = outcomes[0] { return true }
                return false
            }
            #expect(try await fixture.backend.release(grant, deadline: fixture.soon) == .released)
        }
    }

    @Test(
        "A session that expires takes its locks along: the next one gets a higher token, and the old session's node is never taken over"
    )
    func expired() async throws {
        let server = try await ZooKeeperServer()
        defer { server.kill() }
        try await ZooKeeperFixture.with([server]) { fixture in
            let notices = fixture.backend.notices()
            let grant = try await fixture.hold("a", lease: .seconds(2))
            let session = try fixture.session(of: grant)
            _ = try await session.ask(.closeSession, until: fixture.soon)
            var iterator = notices.makeAsyncIterator()
            var lost: LossReason?
            while lost == nil, let notice = await iterator.next() {
                if case .lost(grant.request, let reason) = notice { lost = reason }
            }
            #expect(lost == .expired)
            let again = try await fixture.hold("a", lease: .seconds(2))
            #expect(again.token > grant.token)
            #expect(try await fixture.backend.release(grant, deadline: fixture.soon) == .lost(.expired))
            let outcome = await fixture.backend.renew([again], deadline: fixture.soon)[0]
            guard case .renewed = outcome else {
                Issue.record("the new grant is \(outcome)")
                return
            }
        }
    }

    @Test("Renewing checks the nodes themselves: one that was removed is lost, and those beside it are renewed")
    func removedNode() async throws {
        let server = try await ZooKeeperServer()
        defer { server.kill() }
        try await ZooKeeperFixture.with([server]) { fixture in
            let grants = [try await fixture.hold("a"), try await fixture.hold("b"), try await fixture.hold("c")]
            let session = try fixture.session(of: grants[1])
            _ = try await session.ask(.delete(path: try #require(grants[1].keys.first)), until: fixture.soon)
            let outcomes = await fixture.backend.renew(grants, deadline: fixture.soon)
            guard case .renewed = outcomes[0], case .lost(.superseded) = outcomes[1], case .renewed = outcomes[2] else {
                Issue.record("\(outcomes)")
                return
            }
        }
    }

    @Test("Who waits is told at once that its node was removed, and the one behind comes forward")
    func removedWaiter() async throws {
        let server = try await ZooKeeperServer()
        defer { server.kill() }
        try await ZooKeeperFixture.with([server]) { fixture in
            let held = try await fixture.hold("a")
            let request = try fixture.request("a")
            // Owned by this test, which awaits it.
            let waiting = Task { try await fixture.backend.acquire(request) }
            let session = try fixture.session(of: held)
            func nodes() async throws -> [String] {
                let answer = try await session.ask(.getChildren(path: "/a", watch: false), until: fixture.soon)
                guard case .children(let children, _) = answer.result else { return [] }
                return children.filter { $0.hasPrefix(fixture.backend.engine.layout.start(of: request.id)) }
            }
            try await fixture.waitUntil("it waits") { try await !nodes().isEmpty }
            let node = try #require(try await nodes().first)
            try await fixture.waitUntil("its own node is watched") {
                session.state.withLock { state in
                    !state.watches.watches(for: ZKEvent(.deleted, "/a/" + node)).filter(\.isSet).isEmpty
                }
            }
            _ = try await session.ask(.delete(path: "/a/" + node), until: fixture.soon)
            let error = await #expect(throws: LockError.self) { _ = try await waiting.value }
            #expect(error?.code == .leaseLost)
            _ = try await fixture.backend.release(held, deadline: fixture.soon)
            _ = try await fixture.hold("a")
        }
    }

    @Test("A lease that the servers do not give is refused, and not quietly another one")
    func otherLease() async throws {
        let server = try await ZooKeeperServer(.init(lines: ["maxSessionTimeout=5000"]))
        defer { server.kill() }
        try await ZooKeeperFixture.with([server]) { fixture in
            let error = await #expect(throws: LockError.self) { _ = try await fixture.hold("a", lease: .seconds(8)) }
            #expect(error?.code == .invalidOption && error?.message.contains("5.0 seconds") == true)
            _ = try await fixture.hold("a", lease: .seconds(5))
        }
    }

    @Test("What a user made only that user may touch, and the other one is told so")
    func access() async throws {
        let server = try await ZooKeeperServer()
        defer { server.kill() }
        try await ZooKeeperFixture.with(
            [server], { ($0.configuration.user, $0.configuration.password) = ("ada", "one") }
        ) {
            fixture in
            let held = try await fixture.hold("a")
            try await ZooKeeperFixture.with(
                [server], { ($0.configuration.user, $0.configuration.password) = ("ada", "two") }
            ) { other in
                let error = await #expect(throws: LockError.self) { _ = try await other.hold("a") }
                #expect(error?.code == .permissionDenied)
            }
            #expect(try await fixture.backend.release(held, deadline: fixture.soon) == .released)
        }
    }

    @Test("Nobody there, nobody who serves, and plain text to a port that speaks TLS: each is told for what it is")
    func troubles() async throws {
        let server = try await ZooKeeperServer(.init(tls: true))
        defer { server.kill() }
        let nobody = ZooKeeperEndpoint("127.0.0.1", port: try Loopback.freePort())
        try await ZooKeeperFixture.with([nobody]) { fixture in
            let error = await #expect(throws: LockError.self) { _ = try await fixture.hold("a") }
            #expect(error?.code == .engineUnavailable && error?.engineFault == .unreachable)
        }
        try await ZooKeeperFixture.with([server]) { fixture in
            let error = await #expect(throws: LockError.self) {
                _ = try await fixture.grant(
                    try fixture.request("a", wait: .until(fixture.time.now.advanced(by: .seconds(2)))))
            }
            #expect((error?.cause as? ZooKeeperError)?.code == .notServing)
        }
        var tls = TLSSettings()
        tls.authorityFile = try #require(server.certificates).authority
        let trusted = tls
        try await ZooKeeperFixture.with([server], { $0.configuration.tls = trusted }) { fixture in
            _ = try await fixture.hold("a")
        }
        try await ZooKeeperFixture.with([server], { $0.configuration.tls = TLSSettings() }) { fixture in
            let error = await #expect(throws: LockError.self) { _ = try await fixture.hold("a") }
            #expect((error?.cause as? ZooKeeperError)?.code == .untrusted)
        }
    }

    @Test("At its end a client gives its sessions back, and nothing of it is left")
    func givenBack() async throws {
        let server = try await ZooKeeperServer()
        defer { server.kill() }
        try await ZooKeeperFixture.with([server]) { fixture in _ = try await fixture.hold("a", lease: .seconds(60)) }
        try await ZooKeeperFixture.with([server]) { fixture in
            let start = fixture.time.now
            _ = try await fixture.hold("a", lease: .seconds(60))
            #expect(start.duration(to: fixture.time.now) < .seconds(5))
        }
    }

    @Test("The doctor sees a lone server, its version and its sessions")
    func doctor() async throws {
        let server = try await ZooKeeperServer()
        defer { server.kill() }
        var engine = ZooKeeperEngine(
            ZooKeeperConfiguration(endpoints: [ZooKeeperEndpoint("127.0.0.1", port: server.port)]))
        engine.tickTime = ZooKeeperFixture.tick
        let context = EngineContext(logger: .silent, time: SystemTimeSource())
        let findings = try await ZooKeeperBackend.examine(engine, context: context).get()
        #expect(findings.map(\.subject) == ["servers", "version", "quorum", "sessions", "write time", "names"])
        #expect(findings.map(\.verdict)[..<4] == [.good, .good, .warning, .good], "\(findings)")
        engine.tickTime = .seconds(1)
        let other = try await ZooKeeperBackend.examine(engine, context: context).get()
        #expect(other.first { $0.subject == "sessions" }?.verdict == .good, "2 s are within what it gives")
        server.kill()
        let dead = try await ZooKeeperBackend.examine(engine, context: context).get()
        #expect(dead.first { $0.subject == "servers" }?.verdict == .failure)
        #expect(dead.first { $0.subject == "quorum" }?.verdict == .failure)
    }
}
