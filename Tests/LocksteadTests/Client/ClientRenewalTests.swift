import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("LockClient: renewal", .timeLimit(.minutes(1)))
struct ClientRenewalTests {
    private static let first = FencingToken(rawValue: 1)

    @Test("A lease is renewed every third of it, for as long as it is held")
    func everyThird() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let lock = try await locks.acquire("a", lease: .seconds(30))
            for round in 1...5 {
                await fixture.advance(by: .seconds(10))
                await fixture.until(round) { $0 == .renew([Self.first]) }
            }
            #expect(lock.lease.isHeld)
            try await lock.release()
        }
    }

    @Test("R13: ten thousand locks are renewed by one loop in a few batches, and every one of them stays held")
    func tenThousand() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            var held: [HeldLock] = []
            for number in 0..<10_000 {
                held.append(try await locks.acquire("locks/\(number)", lease: .seconds(30)))
            }
            for round in 1...2 {
                await fixture.clock.waitForSleepers(1)
                fixture.engine.advance(by: .seconds(10))
                await fixture.engine.state.until { state in
                    state.calls.reduce(0) { if case .renew(let tokens) = $1 { $0 + tokens.count } else { $0 } }
                        >= round * 10_000
                }
            }
            let batches = fixture.engine.calls.count { if case .renew = $0 { true } else { false } }
            #expect(batches <= 20 + 2)
            let lost = held.filter { !$0.lease.isHeld }
            #expect(lost.isEmpty)
            for lock in held { try await lock.release() }
        }
    }

    @Test("R11: one failed renewal ends nothing: it is repeated until it is answered")
    func failedRenewal() async throws {
        let fixture = ClientFixture()
        for _ in 0..<3 { fixture.engine.play(.refuse(StrictEngine.unreachable), on: .renew) }
        try await fixture.run { locks in
            let lock = try await locks.acquire("a", lease: .seconds(30))
            await fixture.advance(by: .seconds(20))
            await fixture.observer.until { if case .renewed = $0.event { true } else { false } }
            #expect(lock.lease.isHeld)
            let failures = fixture.observer.observations.count {
                if case .renewalFailed = $0.event { true } else { false }
            }
            #expect(failures == 3)
            try await lock.release()
            // R11: neither this failure nor this handle concerns a later lock of the name.
            let later = try await locks.acquire("a", lease: .seconds(30))
            await fixture.advance(by: .seconds(10))
            await fixture.until(.renew([later.lease.token]))
            try await later.release()
        }
    }

    @Test("R2: cut off without a word from the engine, the handle is lost by its own deadline")
    func cutOff() async throws {
        let fixture = ClientFixture()
        for _ in 0..<1_000 { fixture.engine.play(.refuse(StrictEngine.unreachable), on: .renew) }
        try await fixture.run { locks in
            let lock = try await locks.acquire("a", lease: .seconds(30))
            let events = Watched<[LeaseEvent]>([])
            let stream = lock.lease.events()
            async let reading: Void = { for await event in stream { events.update { $0.append(event) } } }()
            await fixture.advance(by: .milliseconds(29_396))
            await reading
            #expect(lock.lease.state == .lost(.expired))
            #expect(events.value.map(\.shape) == [.warning(remaining: .zero), .stop, .kill, .lost(.expired)])
            let failure = await code { try await lock.release() }
            #expect(failure == nil || failure == .leaseLost)
        }
    }

    @Test("R14: a renewal that finds no key is a loss, and nothing is acquired anew")
    func superseded() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let lock = try await locks.acquire("a", lease: .seconds(30))
            fixture.engine.forget(Self.first)
            await fixture.advance(by: .seconds(10))
            await fixture.observer.until { if case .lost(_, .superseded) = $0.event { true } else { false } }
            #expect(lock.lease.state == .lost(.superseded))
            #expect(fixture.engine.calls.count { $0 == .acquire(["a"]) } == 1)
            _ = await error { try await lock.release() }
        }
    }

    @Test("R9: once a lock is released it is never renewed again")
    func noRenewalAfterRelease() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let kept = try await locks.acquire("kept", lease: .seconds(30))
            let gone = try await locks.acquire("gone", lease: .seconds(30))
            try await gone.release()
            await fixture.advance(by: .seconds(10))
            await fixture.until(.renew([kept.lease.token]))
            try await kept.release()
        }
    }

    @Test("R15: a release that overtakes a renewal in flight wins; the late answer revives nothing")
    func releaseDuringRenewal() async throws {
        let fixture = ClientFixture()
        let door = Door()
        fixture.engine.play(.delayAnswer(door), on: .renew)
        try await fixture.run { locks in
            let lock = try await locks.acquire("a", lease: .seconds(30))
            await fixture.advance(by: .seconds(10))
            await fixture.until(.renew([Self.first]))
            try await lock.release()
            door.open()
            let next = try await locks.withLock("a") { $0.token }
            #expect(next == .init(rawValue: 2))
            #expect(lock.lease.state == .lost(.released))
        }
    }

    @Test("RULES 3: a pause makes every lease suspect until a renewal confirms it")
    func pause() async throws {
        let fixture = ClientFixture()
        let door = Door()
        fixture.engine.play(.delayAnswer(door), on: .renew)
        try await fixture.run { locks in
            let lock = try await locks.acquire("a", lease: .seconds(30))
            await fixture.clock.waitForSleepers(1)
            fixture.engine.advance(by: .seconds(14))
            await fixture.observer.until { if case .suspected = $0.event { true } else { false } }
            #expect(lock.lease.state == .suspect("the process or the machine paused"))
            await fixture.until(.renew([Self.first]))
            door.open()
            await fixture.observer.until { if case .renewed = $0.event { true } else { false } }
            #expect(lock.lease.isHeld)
            try await lock.release()
        }
    }

    @Test("R7: a wall clock that jumps by an hour makes leases suspect, and loses none", arguments: [3_600, -3_600])
    func wallClockJump(seconds: Int) async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let lock = try await locks.acquire("a", lease: .seconds(30))
            await fixture.clock.waitForSleepers(1)
            fixture.clock.stepWallClock(by: .seconds(seconds))
            await fixture.advance(by: .seconds(10))
            await fixture.observer.until {
                if case .suspected(_, "the wall clock jumped") = $0.event { true } else { false }
            }
            await fixture.observer.until { if case .renewed = $0.event { true } else { false } }
            #expect(lock.lease.isHeld)
            try await lock.release()
        }
    }

    @Test("A grant that a doubt overtook on its way here is confirmed before its body begins")
    func overtakenByDoubt() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let door = Door()
            fixture.engine.play(.delayAnswer(door), on: .acquire)
            // The test that makes this task owns it and awaits its end.
            let body = Task { try await locks.withLock("a") { lease in (lease.token, lease.state) } }
            await fixture.engine.state.until { !$0.holders.isEmpty }
            let renewalsBefore = fixture.engine.calls.count { if case .renew = $0 { true } else { false } }
            fixture.engine.notify(.suspect(nil, "the primary changed"))
            while fixture.client.registry.marks.doubts == 0 { await Task.yield() }
            door.open()
            let (token, state) = try await body.value
            #expect(state == .held)
            #expect(fixture.engine.calls.contains(.renew([token])))
            #expect(renewalsBefore == 0)
        }
    }

    @Test(
        "A grant of which something may have gone unheard is renewed at once, and stays believed",
        arguments: [false, true])
    func unheard(isNamed: Bool) async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let lock = try await locks.acquire("a")
            let id = try #require(fixture.client.registry.all.first?.id)
            fixture.engine.notify(.unheard(isNamed ? [id] : nil))
            await fixture.until(.renew([Self.first]))
            await fixture.observer.until { if case .renewed = $0.event { true } else { false } }
            #expect(!fixture.observer.observations.contains { if case .suspected = $0.event { true } else { false } })
            #expect(lock.lease.isHeld)
            fixture.engine.forget(Self.first)
            fixture.engine.notify(.unheard(isNamed ? [id] : nil))
            await fixture.observer.until { if case .lost = $0.event { true } else { false } }
            #expect(!lock.lease.isHeld)
            await #expect(throws: LockError.self) { try await lock.release() }
        }
    }

    @Test(
        "A grant of which something may have gone unheard on its way here is renewed once it is there",
        arguments: [false, true])
    func unheardOnTheWay(isNamed: Bool) async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let door = Door()
            fixture.engine.play(.delayAnswer(door), on: .acquire)
            // The test that makes this task owns it and awaits its end.
            let acquiring = Task { try await locks.acquire("a") }
            await fixture.engine.state.until { !$0.holders.isEmpty }
            let marks = fixture.client.registry.marks
            let id = try #require(fixture.engine.state.value.holders.values.first?.grant.request)
            fixture.engine.notify(.unheard(isNamed ? [id] : nil))
            while fixture.client.registry.marks == marks { await Task.yield() }
            door.open()
            let lock = try await acquiring.value
            await fixture.until(.renew([Self.first]))
            try await lock.release()
        }
    }

    @Test("What the engine doubts is suspect until confirmed")
    func engineDoubts() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let lock = try await locks.acquire("a")
            fixture.engine.notify(.suspect(nil, "the primary changed"))
            await fixture.until(.renew([Self.first]))
            await fixture.observer.until { if case .renewed = $0.event { true } else { false } }
            #expect(lock.lease.isHeld)
            try await lock.release()
        }
    }

    @Test("R16: the cap on the total hold ends a body that would never end")
    func holdCap() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            async let failure = error {
                try await locks.withLock("a", lease: .seconds(6), terms: .init(maximumHold: .seconds(20))) { _ in
                    try await fixture.clock.sleep(until: .distantFuture)
                }
            }
            // That the engine granted does not mean that the client renews already.
            await fixture.observer.until { if case .granted = $0.event { true } else { false } }
            await fixture.advance(by: .seconds(20))
            let lost = try #require(await failure as? LockError)
            #expect(lost.code == .leaseLost)
            #expect(fixture.engine.calls.contains(.renew([Self.first])))
        }
    }
}

extension LeaseEvent {
    /// The event without its figures.
    var shape: LeaseEvent {
        switch self {
        case .warning: .warning(remaining: .zero)
        case .renewed: .renewed(until: nil)
        default: self
        }
    }
}
