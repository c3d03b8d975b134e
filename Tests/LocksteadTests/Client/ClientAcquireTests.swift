import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("LockClient: acquires that time out, are cancelled, or stay ambiguous", .timeLimit(.minutes(1)))
struct ClientAcquireTests {
    @Test("A wait that is over is an error that names the lock, and nothing happened")
    func timedOut() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let held = try await locks.acquire("a")
            async let failure = error { try await locks.withLock("a", waitingAtMost: .seconds(2)) { _ in } }
            await fixture.until(2) { $0 == .acquire(["a"]) }
            await fixture.advance(by: .seconds(2))
            let timeout = try #require(await failure as? LockError)
            #expect(timeout.code == .timedOut)
            #expect(timeout.effect == .didNotHappen)
            #expect(timeout.message.contains("\"a\""))
            try await held.release()
        }
    }

    @Test("R41: a wait of zero is an attempt that fails at once")
    func zeroWait() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            try await locks.withLock("free", waitingAtMost: .zero) { _ in }
            let held = try await locks.acquire("a")
            #expect(await code { try await locks.withLock("a", waitingAtMost: .zero) { _ in } } == .timedOut)
            try await held.release()
        }
    }

    @Test("R23: an acquire whose answer was lost but which was applied is withdrawn in the background")
    func lostAnswer() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            fixture.engine.play(.loseAnswer, on: .acquire)
            let failure = await error { try await locks.withLock("a") { _ in } }
            #expect((failure as? LockError)?.effect == .mayHaveHappened)
            await fixture.until(1) { if case .withdrawn = $0 { true } else { false } }
            // What it had taken is free again.
            let isFree = try await locks.tryWithLock("a") { _ in true }
            #expect(isFree == true)
        }
    }

    @Test("R25, R26: the clean-up is repeated until it is answered, and has a deadline of its own")
    func cleanUpIsRepeated() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            fixture.engine.play(.loseAnswer, on: .acquire)
            for _ in 0..<3 { fixture.engine.play(.refuse(StrictEngine.unreachable), on: .cancel) }
            _ = await error { try await locks.withLock("a", lease: .seconds(300)) { _ in } }
            while fixture.client.gate.activities > 0 {
                await Task.yield()
                fixture.clock.advanceToNextDeadline()
            }
            await fixture.until(4) { if case .cancel = $0 { true } else { false } }
            await fixture.until(1) { if case .withdrawn = $0 { true } else { false } }
        }
    }

    @Test("R25: where an engine says that the lock is free of a grant, no clean-up is begun: nobody would end it")
    func freeOfGrant() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let isFree = LockError(.indeterminate, "It is free.", effect: .mayHaveHappened, cause: FreeOfGrant())
            // A clean-up would go on as long as these.
            for _ in 0..<1_000 { fixture.engine.play(.refuse(isFree), on: .release) }
            struct Trouble: Error {}
            await #expect(throws: Trouble.self) { try await locks.withLock("a") { _ in throw Trouble() } }
            #expect(fixture.client.gate.activities == 0)
            #expect(fixture.engine.calls.count(where: { if case .release = $0 { true } else { false } }) == 1)
        }
    }

    @Test("R25: a clean-up that is never answered ends by its own deadline")
    func cleanUpEnds() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            fixture.engine.play(.loseAnswer, on: .acquire)
            for _ in 0..<1_000 { fixture.engine.play(.refuse(StrictEngine.unreachable), on: .cancel) }
            _ = await error { try await locks.withLock("a") { _ in } }
            while fixture.client.gate.activities > 0 {
                await Task.yield()
                fixture.clock.advanceToNextDeadline()
            }
            let elapsed = fixture.clock.now.nanoseconds - 1_000_000_000_000
            #expect(elapsed <= 31_000_000_000)
        }
    }

    @Test("R10: a cancelled acquire leaves no renewer")
    func cancelledAcquire() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let held = try await locks.acquire("a", lease: .seconds(300))
            // The test that makes this task owns it and awaits its end.
            let waiting = Task { try await locks.withLock("a", lease: .seconds(30)) { _ in } }
            await fixture.until(2) { $0 == .acquire(["a"]) }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(fixture.client.registry.count == 1)
            try await held.release()
            #expect(fixture.client.registry.count == 0)
            #expect(fixture.client.registry.plannedCount == 0)
            await fixture.advance(by: .seconds(12))
            #expect(!fixture.engine.calls.contains { if case .renew = $0 { true } else { false } })
        }
    }

    @Test("R27: a grant that crosses the cancellation is given back, and the acquire throws")
    func grantCrossesCancellation() async throws {
        let fixture = ClientFixture()
        let door = Door()
        fixture.engine.play(.delayAnswer(door), on: .acquire)
        try await fixture.run { locks in
            // The test that makes this task owns it and awaits its end.
            let waiting = Task { _ = try await locks.acquire("a") }
            await fixture.until(.granted(.init(rawValue: 1)))
            waiting.cancel()
            door.open()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(fixture.client.registry.count == 0)
            let isFree = try await locks.tryWithLock("a") { _ in true }
            #expect(isFree == true)
        }
    }

    @Test("R3: a grant that arrives after its own lease has ended is no grant")
    func grantArrivesDead() async throws {
        let fixture = ClientFixture()
        let door = Door()
        fixture.engine.play(.delayAnswer(door), on: .acquire)
        try await fixture.run { locks in
            async let failure = error { try await locks.withLock("a", lease: .seconds(10)) { _ in } }
            await fixture.until(.granted(.init(rawValue: 1)))
            fixture.engine.advance(by: .seconds(11))
            door.open()
            #expect((await failure as? LockError)?.code == .leaseLost)
            #expect(fixture.engine.calls.contains(.released(.init(rawValue: 1))))
        }
    }

    @Test("RULES 2: an unconfirmed grant is confirmed by a renewal before the body runs")
    func confirmation() async throws {
        let fixture = ClientFixture()
        fixture.engine.play(.grant(.unconfirmed), on: .acquire)
        try await fixture.run { locks in
            try await locks.withLock("a") { lease in
                #expect(lease.isHeld)
                #expect(fixture.engine.calls.contains(.renew([lease.token])))
            }
        }
    }

    @Test("An unconfirmed grant that the engine denies fails the acquire")
    func deniedConfirmation() async throws {
        let fixture = ClientFixture()
        let door = Door()
        fixture.engine.play(.grant(.unconfirmed), on: .acquire)
        fixture.engine.play(.delayRequest(door), on: .renew)
        try await fixture.run { locks in
            async let failure = code { try await locks.withLock("a") { _ in } }
            await fixture.until(.renew([.init(rawValue: 1)]))
            fixture.engine.forget(.init(rawValue: 1))
            door.open()
            #expect(await failure == .leaseLost)
        }
    }

    @Test("An engine's refusal comes out as it is")
    func engineRefuses() async throws {
        let fixture = ClientFixture()
        fixture.engine.play(.refuse(LockError(.kindMismatch, "a semaphore", effect: .didNotHappen)), on: .acquire)
        try await fixture.run { locks in
            #expect(await code { try await locks.withLock("a") { _ in } } == .kindMismatch)
            #expect(!fixture.engine.calls.contains { if case .cancel = $0 { true } else { false } })
        }
    }

    @Test("A grant weaker than required is given back")
    func weakGrant() async throws {
        let fixture = ClientFixture(.strict(exclusion: .advisory))
        try await fixture.run { locks in
            let failure = await code { try await locks.withLock("a", require: .linearizable) { _ in } }
            #expect(failure == .guaranteeTooWeak)
            #expect(!fixture.engine.calls.contains(.acquire(["a"])))
            try await locks.withLock("a", require: .init(exclusion: .advisory)) { lease in
                #expect(lease.guarantee.exclusion == .advisory)
            }
        }
    }
}
