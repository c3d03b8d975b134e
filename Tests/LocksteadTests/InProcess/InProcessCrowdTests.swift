import Lockstead
import LocksteadTesting
import Testing

@Suite("InProcessBackend: crowds", .timeLimit(.minutes(1)))
struct InProcessCrowdTests {
    let fixture = InProcessFixture()

    @Test("With 10,000 waiters on one name each release resumes exactly one (R31)")
    func oneResumeForEachRelease() async throws {
        let waiters = 10_000
        var held = try await fixture.grant(fixture.request("a"))
        let (grants, continuation) = AsyncStream.makeStream(of: Grant.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<waiters {
                group.addTask { continuation.yield(try await fixture.grant(fixture.request("a"))) }
            }
            try await fixture.waitForWaiters(waiters, of: "a")
            #expect(fixture.store.resumptions == 0)
            var releases = 0
            var iterator = grants.makeAsyncIterator()
            while releases < waiters {
                #expect(try await fixture.backend.release(held, deadline: fixture.clock.now) == .released)
                releases += 1
                held = try #require(await iterator.next())
                try #require(fixture.store.resumptions == releases)
            }
            try await group.waitForAll()
        }
        #expect(fixture.store.resumptions == waiters)
    }
}
