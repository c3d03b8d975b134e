import Lockstead
import Testing
import TestServers

@testable import LocksteadEtcd

/// Three real members.
@Suite("On three members", .serialized)
struct ClusterTests {
    @Test("Locks go on when a member dies: holders keep theirs, waiters their places, and tokens rise")
    func oneDies() async throws {
        let cluster = try await EtcdCluster()
        defer { cluster.kill() }
        try await EtcdFixture.with(cluster.members) { fixture in
            let held = try await fixture.hold("a")
            async let waiting = fixture.hold("a")
            try await fixture.waitUntil("it waits") {
                try await fixture.backend.inspect(held.names[0], deadline: fixture.soon)?.waiterCount == 1
            }
            cluster.members[fixture.backend.client.current().number].kill()
            try await fixture.waitUntil("it is renewed by another member") {
                guard case .renewed? = await fixture.backend.renew([held], deadline: fixture.soon).first else {
                    return false
                }
                return true
            }
            #expect(try await fixture.backend.release(held, deadline: fixture.soon) == .released)
            let released = fixture.time.now
            let next = try await waiting
            let waited = released.duration(to: fixture.time.now)
            #expect(next.token > held.token && waited < .seconds(10), "\(waited)")
            _ = try await fixture.backend.release(next, deadline: fixture.soon)
        }
    }

    @Test("Without a majority nothing is granted, and a call says so within its deadline and 100 ms")
    func noMajority() async throws {
        let cluster = try await EtcdCluster()
        defer { cluster.kill() }
        try await EtcdFixture.with(cluster.members) { fixture in
            let held = try await fixture.hold("a")
            let survivor = fixture.backend.client.current().number
            for (index, member) in cluster.members.enumerated() where index != survivor { member.kill() }
            for wait in [Duration.seconds(1), .seconds(4)] {
                let deadline = fixture.time.now.advanced(by: wait)
                let request = try fixture.request("b", wait: .until(deadline))
                let (outcome, spent) = await fixture.timed {
                    // Whether it may have happened depends on how far it came.
                    try? await fixture.backend.acquire(request)
                }
                if case .granted = outcome { Issue.record("granted by a minority") }
                #expect(spent <= wait + .milliseconds(100) + .milliseconds(400), "\(wait): \(spent)")
            }
            guard
                case .unknown? = await fixture.backend.renew(
                    [held], deadline: fixture.time.now.advanced(by: .seconds(1))
                ).first
            else {
                Issue.record("a minority renewed, or said that it is lost")
                return
            }
        }
    }
}
