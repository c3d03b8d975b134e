import FaultKit
import Lockstead
import Testing
import TestServers

@testable import LocksteadEtcd

/// The member did what it was asked, and its answer never came.
@Suite("A lost answer", .serialized)
struct LostAnswerTests {
    /// A client that reaches the member by way of a relay.
    private func through(
        _ body: @Sendable (EtcdFixture, Relay, EtcdServer) async throws -> Void
    ) async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        let relay = try Relay(to: UInt16(server.port))
        defer { relay.end() }
        let endpoint = EtcdEndpoint("127.0.0.1", port: Int(relay.port))
        try await EtcdFixture.with([server], { $0.configuration.endpoints = [endpoint] }) { fixture in
            try await body(fixture, relay, server)
        }
    }

    @Test("A value that is kept for a time is still there when the repetition finds it")
    func keptValue() async throws {
        try await through { fixture, relay, _ in
            let held = try await fixture.hold("a")
            let value = Array("precious".utf8)
            relay.set { $0.swallow = value }
            let write = RegisterWrite(.value(value, keptFor: .seconds(3)), in: held.names[0], under: held.token)
            let outcome = try await fixture.backend.store(write, deadline: fixture.soon)
            guard case .stored(let stored) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(relay.swallowed == 1 && stored.value == value)
            // For as long as a revocation of its lease takes, and more: nothing would tell of one that does not come.
            try await fixture.time.sleep(until: fixture.time.now.advanced(by: .seconds(1)))
            #expect(try await fixture.backend.load(held.names[0], deadline: fixture.soon).value == value)
            try await fixture.waitUntil("it ends") {
                try await fixture.backend.load(held.names[0], deadline: fixture.soon).value == nil
            }
        }
    }

    @Test("A lease that was given to a write and not used is given back")
    func unusedLease() async throws {
        try await through { fixture, relay, server in
            let held = try await fixture.hold("a")
            let before = try server.control("lease", "list")
            let write = RegisterWrite(
                .value([1], keptFor: .seconds(600)), in: held.names[0], under: held.token,
                after: RegisterRevision(rawValue: 7))
            guard case .changed = try await fixture.backend.store(write, deadline: fixture.soon) else {
                Issue.record("a write that rests on what there is not was taken")
                return
            }
            try await fixture.waitUntil("no lease is left") { try server.control("lease", "list") == before }
        }
    }

    @Test("A release that is repeated because nobody knows is told the same each time")
    func repeatedRelease() async throws {
        try await through { fixture, relay, _ in
            let held = try await fixture.hold("a")
            relay.set { $0.swallow = Array((held.keys.first ?? "").utf8) }
            for _ in 0..<2 {
                let error = await #expect(throws: LockError.self) {
                    _ = try await fixture.backend.release(held, deadline: fixture.soon)
                }
                #expect(error?.code == .indeterminate, "\(String(describing: error))")
            }
            #expect(relay.swallowed == 1)
            let next = try await fixture.hold("a")
            #expect(next.token > held.token)
        }
    }
}
