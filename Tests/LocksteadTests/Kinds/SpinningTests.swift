import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("Spinning before queueing", .timeLimit(.minutes(1)))
struct SpinningTests {
    @Test("Pauses only yield at first, then grow, and have a bound")
    func pauses() {
        var pauses = SpinPauses()
        let taken = (0..<40).map { _ in pauses.next() }
        #expect(taken.prefix(SpinPauses.yields).allSatisfy { $0 == .zero })
        #expect(taken[SpinPauses.yields] == SpinPauses.shortest)
        #expect(taken == taken.sorted() && taken.last == SpinPauses.longest)
    }

    @Test("A lock that becomes free while the caller spins is taken without a place in the queue")
    func takes() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let held = try await locks.acquire("a")
            async let spun = locks.acquire("a", spinning: .milliseconds(500))
            await fixture.until(8) { $0 == .acquire(["a"]) }
            try await held.release()
            while fixture.engine.calls.count(where: { if case .granted = $0 { true } else { false } }) < 2 {
                fixture.clock.advance(by: .milliseconds(1))
                await Task.yield()
            }
            let lock = try await spun
            #expect(fixture.engine.state.value.hasQueued == false, "no request ever waited")
            try await lock.release()
        }
    }

    @Test("Once the moment is over the caller queues, and waits as long as it said")
    func queues() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let held = try await locks.acquire("a")
            async let waiting = locks.acquire("a", spinning: .milliseconds(5))
            while !fixture.engine.state.value.hasQueued {
                fixture.clock.advance(by: .milliseconds(1))
                await Task.yield()
            }
            let attempts = fixture.engine.calls.count { $0 == .acquire(["a"]) }
            #expect(attempts < 50, "it pauses between attempts")
            try await held.release()
            try await waiting.release()
        }
    }

    @Test("The call's own deadline bounds the spinning, and cancellation ends it at once")
    func bounded() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let held = try await locks.acquire("a")
            let failure = Watched<LockError.Code?>(nil)
            // The test that makes this task owns it and awaits its end.
            let short = Task {
                let code = await code {
                    _ = try await locks.acquire("a", waitingAtMost: .milliseconds(3), spinning: .seconds(1))
                }
                failure.update { $0 = code }
            }
            while failure.value == nil, fixture.clock.now < held.lease.validUntil ?? .distantFuture {
                fixture.engine.advance(by: .microseconds(100))
                await Task.yield()
            }
            await short.value
            #expect(failure.value == .timedOut)
            let before = fixture.engine.calls.count { $0 == .acquire(["a"]) }
            // The test that makes this task owns it and awaits its end.
            let spinning = Task { try await locks.acquire("a", spinning: .seconds(1)) }
            await fixture.until(before + 8) { $0 == .acquire(["a"]) }
            spinning.cancel()
            await #expect(throws: CancellationError.self) { try await spinning.value }
            try await held.release()
        }
    }

    @Test("Off by default, never for a call that does not wait, and refused beyond a second or below nothing")
    func limits() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            for bad in [Duration.milliseconds(-1), .milliseconds(1_001)] {
                #expect(await code { try await locks.withLock("a", spinning: bad) { _ in } } == .invalidOption)
            }
            let held = try await locks.acquire("a")
            let before = fixture.engine.calls.count { $0 == .acquire(["a"]) }
            async let waiting = locks.acquire("a")
            await fixture.engine.state.until { $0.hasQueued }
            #expect(fixture.engine.calls.count { $0 == .acquire(["a"]) } == before + 1)
            try await held.release()
            try await waiting.release()
        }
    }
}
