import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("LockClient: scopes", .timeLimit(.minutes(1)))
struct ClientScopeTests {
    @Test("A scope acquires, runs its body, releases, and returns the body's value")
    func plainScope() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let value = try await locks.withLock("orders/42") { lease in
                #expect(lease.isHeld)
                #expect(lease.name.text == "orders/42")
                #expect(Lease.current === lease)
                return lease.token.rawValue
            }
            #expect(value == 1)
            #expect(Lease.current == nil)
        }
        #expect(
            fixture.engine.calls == [
                .run, .acquire(["orders/42"]), .granted(.init(rawValue: 1)), .release(.init(rawValue: 1)),
                .released(.init(rawValue: 1)), .stopped,
            ])
    }

    @Test("A try returns nil where someone else has the lock, and the body does not run")
    func tryBusy() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            try await locks.withLock("a") { _ in
                let result = try await fixture.inAnotherTask { try await locks.tryAcquire("a") }
                #expect(result == nil)
            }
            let held = try await locks.acquire("b")
            let fact1 = try await locks.tryWithLock("b") { _ in Issue.record("the body ran") }
            #expect(fact1 == nil)
            try await held.release()
            let fact2 = try await locks.tryWithLock("b") { _ in 7 }
            #expect(fact2 == 7)
        }
    }

    @Test("The body's own error comes out as it is, and the lock is released")
    func bodyError() async throws {
        struct Mine: Error {}
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let error = await error { try await locks.withLock("a") { _ in throw Mine() } }
            #expect(error is Mine)
            let fact3 = try await locks.tryWithLock("a") { _ in true }
            #expect(fact3 == true)
        }
    }

    @Test("A body that overran throws .leaseLost")
    func overrun() async throws {
        let fixture = ClientFixture()
        fixture.engine.play(.refuse(StrictEngine.unreachable), on: .renew)
        try await fixture.run { locks in
            let error = await error {
                _ = try await locks.withLock("a", lease: .seconds(10)) { lease in
                    fixture.engine.advance(by: .seconds(10))
                    #expect(lease.state == .lost(.expired))
                    return 1
                }
            }
            let lost = try #require(error as? LockError)
            #expect(lost.code == .leaseLost)
            #expect(lost.bodyFinished == true)
            #expect(lost.effect == .happened)
        }
    }

    @Test("R56, RULES 17: withLockOutcome returns the value of a body that overran, with the verdict")
    func outcome() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let good = try await locks.withLockOutcome("a") { _ in 1 }
            #expect(good == LockOutcome(value: 1, lease: .held))
            let overrun = try await locks.withLockOutcome("a", lease: .seconds(10)) { _ in
                fixture.engine.advance(by: .seconds(10))
                return 2
            }
            #expect(overrun == LockOutcome(value: 2, lease: .lost(.expired)))
        }
    }

    @Test("R1, R6: shortly before the end the body is cancelled and awaited, and only then the lock is released")
    func stopAwaitRelease() async throws {
        let fixture = ClientFixture()
        let door = Door()
        let cancelled = Watched(false)
        for _ in 0..<100 { fixture.engine.play(.refuse(StrictEngine.unreachable), on: .renew) }
        try await fixture.run { locks in
            async let failure = error {
                try await locks.withLock("a", lease: .seconds(30)) { _ in
                    await withTaskCancellationHandler {
                        await door.wait()
                    } onCancel: {
                        cancelled.update { $0 = true }
                    }
                    // The body takes its time although it was cancelled.
                    #expect(!fixture.engine.calls.contains(.release(.init(rawValue: 1))))
                    try Task.checkCancellation()
                }
            }
            // That the engine granted does not mean that the client renews already.
            await fixture.observer.until { if case .granted = $0.event { true } else { false } }
            await fixture.advance(by: .milliseconds(24_390))
            #expect(!cancelled.value)
            await fixture.advance(by: .milliseconds(10))
            await cancelled.until { $0 }
            door.open()
            let lost = try #require(await failure as? LockError)
            #expect(lost.code == .leaseLost)
            #expect(lost.bodyFinished == false)
            // A renewal that was begun before the release may reach the engine after it, which refuses it.
            let calls = fixture.engine.calls.filter { $0 != .renew([.init(rawValue: 1)]) }
            #expect(calls.suffix(2) == [.release(.init(rawValue: 1)), .released(.init(rawValue: 1))])
        }
    }

    @Test("The caller's own cancellation cancels the body and stays a CancellationError")
    func callerCancelled() async throws {
        let fixture = ClientFixture()
        let body = StayingBody(fixture.clock)
        try await fixture.run { locks in
            // The test that makes this task owns it and awaits its end.
            let task = Task { try await locks.withLock("a", body.stay) }
            await body.begun()
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(fixture.engine.calls.contains(.released(.init(rawValue: 1))))
        }
    }

    @Test("A loss told by the engine cancels the body at once, and its error names the reason")
    func revoked() async throws {
        let fixture = ClientFixture()
        let body = StayingBody(fixture.clock)
        try await fixture.run { locks in
            async let failure = error { try await locks.withLock("a", body.stay) }
            await body.begun()
            try await locks.forceRelease("a", reason: "stuck since noon")
            let lost = try #require(await failure as? LockError)
            #expect(lost.code == .leaseLost)
            #expect(lost.message.contains("stuck since noon"))
            // The release acknowledges (RULES 19).
            #expect(fixture.engine.calls.contains(.released(.init(rawValue: 1))))
        }
    }

    @Test("An error of the body after the loss is kept as the cause")
    func errorAfterLoss() async throws {
        struct Broken: Error {}
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let failure = await error {
                try await locks.withLock("a", lease: .seconds(10)) { _ in
                    fixture.engine.advance(by: .seconds(10))
                    throw Broken()
                }
            }
            let lost = try #require(failure as? LockError)
            #expect(lost.code == .leaseLost)
            #expect(lost.cause is Broken)
        }
    }

    @Test("Where a lease cannot be lost the body runs on the caller's task, else on one of its own (RULES 33b)")
    func whoseTask() async throws {
        for (capabilities, isCallers) in [(Capabilities.strict(shortestLease: nil), true), (.strict(), false)] {
            let fixture = ClientFixture(capabilities)
            fixture.engine.play(.grant(.unlimited), on: .acquire)
            try await fixture.run { locks in
                let caller = TaskIdentity.current
                let runner = try await locks.withLock("a") { _ in TaskIdentity.current }
                if isCallers { #expect(runner == caller) } else { #expect(runner != caller) }
            }
        }
    }

    @Test("ensure refuses what the lease does not cover, and Lease.current is there for code far below")
    func ensure() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            try await locks.withLock("a", lease: .seconds(30)) { lease in
                try Lease.current?.ensure(atLeast: .seconds(29))
                let failure = await code { try lease.ensure(atLeast: .seconds(30)) }
                #expect(failure == .leaseLost)
                #expect(lease.token(for: "a") == lease.token)
                #expect(lease.token(for: "b") == nil)
            }
        }
    }

    @Test("R45: the token belongs to the handle: a stale lease never shows the newer one")
    func tokenBelongsToTheHandle() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let stale = try await locks.withLock("a") { $0 }
            let newer = try await locks.withLock("a") { $0.token }
            #expect(stale.token < newer)
            #expect(stale.state == .lost(.released))
        }
    }

    /// What the documentation promises: a scope can be used inside an actor.
    actor Warehouse {
        var shipped: [Int] = []
        let locks: LockClient
        init(_ locks: LockClient) { self.locks = locks }

        func ship(_ order: Int) async throws {
            let fence = try await locks.withLock("orders/\(order)") { lease in lease.token }
            shipped.append(order)
            #expect(fence.rawValue > 0)
            try await locks.withLock("orders/\(order)") { _ in await self.note(order) }
        }

        func note(_ order: Int) { shipped.append(order) }
    }

    @Test("A scope compiles and works inside an actor")
    func insideAnActor() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let warehouse = Warehouse(locks)
            try await warehouse.ship(7)
            #expect(await warehouse.shipped == [7, 7])
        }
    }
}

extension ClientFixture {
    /// Runs something outside of all scopes of the calling task.
    func inAnotherTask<R: Sendable>(_ operation: @escaping @Sendable () async throws -> R) async throws -> R {
        try await LockScope.$current.withValue(nil) { try await operation() }
    }
}
