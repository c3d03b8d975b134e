import Lockstead
import Testing
import TestServers

@testable import LocksteadEtcd

/// Members that take connections and say nothing, and names that lead nowhere.
@Suite("Silent members", .serialized)
struct SilentMemberTests {
    @Test("A client ends though a member's name leads nowhere, or nobody speaks there", arguments: [true, false])
    func ending(isNamed: Bool) async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        server.pause()
        let nowhere = EtcdEndpoint("no-such-host.invalid")
        let change: @Sendable (inout EtcdEngine) -> Void = { if isNamed { $0.configuration.endpoints = [nowhere] } }
        let time = SystemTimeSource()
        let start = time.now
        try await EtcdFixture.with([server], change) { fixture in
            let soon = fixture.time.now.advanced(by: .milliseconds(300))
            await #expect(throws: LockError.self) {
                _ = try await fixture.backend.acquire(try fixture.request("a", wait: .until(soon)))
            }
        }
        #expect(start.duration(to: time.now) < .seconds(8))
    }

    @Test("The cluster is examined though its first member is silent, and that one is named")
    func examined() async throws {
        let cluster = try await EtcdCluster()
        defer { cluster.kill() }
        try await cluster.letLead(cluster.members[1])
        cluster.members[0].pause()
        let endpoints = cluster.members.map { EtcdEndpoint("127.0.0.1", port: $0.port) }
        let engine = EtcdEngine(EtcdConfiguration(endpoints: endpoints))
        let findings = try await EtcdBackend.examine(
            engine, context: EngineContext(logger: .silent, time: SystemTimeSource())
        ).get()
        let members = try #require(findings.first { $0.subject == "members" })
        #expect(members.verdict == .warning && members.fact.contains("\(endpoints[0]) does not answer"))
        #expect(!members.fact.contains("\(endpoints[1])"))
        #expect(findings.contains { $0.subject == "leader" && $0.verdict == .good })
    }

    @Test("A call in a hurry goes on to the next member, and moves nobody else")
    func hurry() async throws {
        let cluster = try await EtcdCluster()
        defer { cluster.kill() }
        try await cluster.letLead(cluster.members[1])
        try await EtcdFixture.with(cluster.members) { fixture in
            let held = try await fixture.hold("a", lease: .seconds(3))
            #expect(fixture.backend.client.current().number == 0)
            cluster.members[0].pause()
            let soon = fixture.time.now.advanced(by: .seconds(1))
            guard case .renewed? = await fixture.backend.renew([held], deadline: soon).first else {
                Issue.record("a short lease is lost with the member that was asked first")
                return
            }
        }
    }

    @Test("Whoever gives up moves nobody to another member")
    func cancelled() async throws {
        let cluster = try await EtcdCluster()
        defer { cluster.kill() }
        try await cluster.letLead(cluster.members[1])
        try await EtcdFixture.with(cluster.members) { fixture in
            _ = try await fixture.hold("a")
            cluster.members[0].pause()
            let calls = fixture.backend.client.callCount
            // Owned by this test, which awaits it.
            let task = Task { try await fixture.hold("b") }
            try await fixture.waitUntil("it is sent") { fixture.backend.client.callCount > calls }
            task.cancel()
            let error = await #expect(throws: LockError.self) { _ = try await task.value }
            #expect(error?.code == .cancelled)
            #expect(fixture.backend.client.current().turn == 0)
        }
    }

    @Test("A member that was silent when the others were judged is asked again, and judged then")
    func judged() async throws {
        let cluster = try await EtcdCluster()
        defer { cluster.kill() }
        try await cluster.letLead(cluster.members[1])
        cluster.members[2].pause()
        try await EtcdFixture.with(cluster.members) { fixture in
            _ = try await fixture.hold("a")
            #expect(fixture.backend.judgement.unseen(of: 3) == [2])
            cluster.members[2].resume()
            try await fixture.waitUntil("all are judged") { fixture.backend.judgement.unseen(of: 3).isEmpty }
        }
    }
}
