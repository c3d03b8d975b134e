import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("Renewal bound to progress", .timeLimit(.minutes(1)))
struct ProgressTests {
    private static let terms = HoldTerms(progressWithin: .seconds(5))

    @Test("A body that reports progress keeps its lease; one that stalls is warned, cancelled and loses it as stalled")
    func stalls() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let lease = Watched<Lease?>(nil)
            let events = Watched<[LeaseEvent]>([])
            // The test that makes this task owns it and awaits its end.
            let work = Task {
                try await locks.withLock("a", lease: .seconds(30), terms: Self.terms) { held in
                    lease.update { $0 = held }
                    try await fixture.clock.sleep(until: .distantFuture)
                }
            }
            await lease.until { $0 != nil }
            let held = try #require(lease.value)
            let stream = held.events()
            // The test that makes this task owns it and awaits its end.
            let reading = Task { for await event in stream { events.update { $0.append(event) } } }
            for _ in 0..<20 {
                await fixture.advance(by: .seconds(4))
                held.reportProgress()
            }
            #expect(held.isHeld, "80 s on a lease of 30")
            let renewals = events.value.count { if case .renewed = $0 { true } else { false } }
            #expect(renewals >= 7)
            await fixture.advance(by: .seconds(36))
            let failure = try #require(await error { try await work.value } as? LockError)
            #expect(failure.code == .leaseLost && failure.bodyFinished == false)
            await reading.value
            let end = events.value.filter { if case .renewed = $0 { false } else { true } }
            guard case .warning? = end.first, end.dropFirst().first == .stop else {
                Issue.record("told \(end)")
                return
            }
        }
    }

    @Test("A handle that stalls is lost as stalled, and the observer is told so")
    func handle() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let lock = try await locks.acquire("a", lease: .seconds(30), terms: Self.terms)
            await fixture.advance(by: .seconds(36))
            #expect(lock.lease.state == .lost(.stalled))
            await fixture.observer.until { if case .lost(_, .stalled) = $0.event { true } else { false } }
            #expect(await code { try await lock.release() } == .leaseLost)
        }
    }

    @Test("Engines never see the bound, and it goes on counting inside a body that entered again")
    func nested() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            try await locks.withLock("a", lease: .seconds(30), terms: Self.terms) { outer in
                for _ in 0..<10 {
                    await fixture.advance(by: .seconds(4))
                    try await locks.withLock("a") { $0.reportProgress() }
                }
                #expect(outer.isHeld)
            }
        }
        #expect(fixture.engine.state.value.terms.allSatisfy { $0.progressWithin == nil })
    }

    @Test(
        "In process, where a grant cannot run out, a body that stalls is cancelled all the same, and the lock is free after it"
    )
    func inProcess() async throws {
        let clock = ManualClock()
        let engine = InProcessBackend(store: InProcessStore(time: clock))
        try await LockClient(engine, time: clock).whileRunning { locks in
            let begun = Door()
            // The test that makes this task owns it and awaits its end.
            let work = Task {
                try await locks.withLock("a", lease: .seconds(30), terms: Self.terms) { _ in
                    begun.open()
                    try await clock.sleep(until: .distantFuture)
                }
            }
            await begun.wait()
            let start = clock.now
            while locks.registry.count > 0, start.duration(to: clock.now) < .seconds(60) {
                while !locks.registry.isQuiet(at: clock.now) { await Task.yield() }
                clock.advance(by: .milliseconds(200))
            }
            #expect(start.duration(to: clock.now) < .seconds(60))
            #expect(await code { try await work.value } == .leaseLost)
            let isFree = try await locks.tryWithLock("a") { _ in true }
            #expect(isFree == true)
        }
    }

    @Test("A bound of nothing is refused")
    func refused() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            for bound in [Duration.zero, .seconds(-1)] {
                #expect(
                    await code { try await locks.withLock("a", terms: .init(progressWithin: bound)) { _ in } }
                        == .invalidOption)
            }
        }
    }
}
