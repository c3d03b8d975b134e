import LocksteadTesting
import ServiceLifecycle
import Testing

@testable import Lockstead

@Suite("LockClient: start and shutdown", .timeLimit(.minutes(1)))
struct ClientLifecycleTests {
    @Test("A constructor starts nothing")
    func startsNothing() {
        let fixture = ClientFixture()
        #expect(fixture.engine.calls == [])
    }

    @Test("A call made before run() waits for it")
    func waitsForTheStart() async throws {
        let fixture = ClientFixture()
        // The test that makes this task owns it and awaits its end.
        let early = Task { try await fixture.client.withLock("a") { $0.token } }
        await fixture.clock.waitForSleepers(1)
        try await fixture.run { _ in
            let token = try await early.value
            #expect(token == .init(rawValue: 1))
        }
    }

    @Test("A call on a client that is never run gives up after 5 seconds and says what to do")
    func neverRun() async throws {
        let fixture = ClientFixture()
        async let failure = error { try await fixture.client.withLock("a") { _ in } }
        await fixture.clock.waitForSleepers(1)
        #expect(fixture.clock.nextDeadline == fixture.clock.now.advanced(by: .seconds(5)))
        fixture.clock.advance(by: .seconds(5))
        let refused = try #require(await failure as? LockError)
        #expect(refused.code == .notRunning)
        #expect(refused.message.contains("LockClient.with"))
    }

    @Test("Its own deadline ends that wait earlier")
    func ownDeadline() async throws {
        let fixture = ClientFixture()
        async let failure = code { try await fixture.client.withLock("a", waitingAtMost: .seconds(1)) { _ in } }
        await fixture.clock.waitForSleepers(1)
        fixture.clock.advance(by: .seconds(1))
        #expect(await failure == .notRunning)
        #expect(await code { _ = try await fixture.client.tryAcquire("a") } == .notRunning)
    }

    @Test("Cancelling a call that waits for the start throws CancellationError")
    func cancelledBeforeTheStart() async throws {
        let fixture = ClientFixture()
        // The test that makes this task owns it and awaits its end.
        let task = Task { try await fixture.client.withLock("a") { _ in } }
        await fixture.clock.waitForSleepers(1)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("A client runs once, and after its shutdown it says so")
    func runsOnce() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            try await locks.withLock("a") { _ in }
            #expect(await code { try await locks.run() } == .invalidOption)
        }
        #expect(await code { try await fixture.client.withLock("a") { _ in } } == .shutDown)
        #expect(await code { try await fixture.client.run() } == .invalidOption)
    }

    @Test("A graceful shutdown lets bodies finish with what they nest, refuses what is new, and then stops the engine")
    func gracefulShutdown() async throws {
        let fixture = ClientFixture()
        let (door, client) = (Door(), fixture.client)
        let group = ServiceGroup(services: [client], logger: .silent)
        async let running: Void = group.run()
        async let body = client.withLock("a") { _ in
            await door.wait()
            return try await client.withLock("b") { $0.token }
        }
        await fixture.until(.granted(.init(rawValue: 1)))
        await group.triggerGracefulShutdown()
        await awaitCode(.shutDown) { try await client.withLock("c") { _ in } }
        #expect(!fixture.engine.calls.contains(.stopped))
        door.open()
        let nested = try await body
        #expect(nested.rawValue >= 2)
        try await running
        #expect(fixture.engine.calls.last == .stopped)
        #expect(fixture.engine.violations == [])
    }

    @Test("A graceful shutdown releases the handles that are left")
    func releasesHandles() async throws {
        let fixture = ClientFixture()
        let lock = try await fixture.run { try await $0.acquire("a") }
        #expect(
            fixture.engine.calls.suffix(3) == [.release(.init(rawValue: 1)), .released(.init(rawValue: 1)), .stopped])
        #expect(lock.lease.state == .lost(.released))
    }

    @Test(
        "Cancelling run() cancels the bodies as if their leases were lost, awaits them, releases, and stops the engine")
    func cancelledRun() async throws {
        let fixture = ClientFixture()
        let body = StayingBody(fixture.clock)
        let client = fixture.client
        // The test that makes this task owns it and awaits its end.
        let running = Task { try await client.run() }
        async let failure = error { try await client.withLock("a", body.stay) }
        await body.begun()
        running.cancel()
        let lost = try #require(await failure as? LockError)
        #expect(lost.code == .leaseLost)
        _ = await running.result
        #expect(fixture.engine.calls.suffix(2) == [.released(.init(rawValue: 1)), .stopped])
        #expect(fixture.engine.violations == [])
    }

    @Test("A waiting acquire ends when the client stops, as shut down", arguments: [false, true])
    func waiterEnds(queuesLocally: Bool) async throws {
        let fixture = ClientFixture(.strict(queuesLocally: queuesLocally))
        let waiting = try await fixture.run { locks in
            _ = try await locks.acquire("a")
            // The test that makes this task owns it and awaits its end.
            let waiting = Task { await code { try await locks.withLock("a") { _ in } } }
            await fixture.until(2) { $0 == .acquire(["a"]) }
            return waiting
        }
        #expect(await waiting.value == .shutDown)
    }

    @Test("An engine that fails ends its leases, and later calls are told why")
    func engineFails() async throws {
        let fixture = ClientFixture()
        let body = StayingBody(fixture.clock)
        let client = fixture.client
        async let running = error { try await client.run() }
        async let failure = error { try await client.withLock("a", body.stay) }
        await body.begun()
        fixture.engine.state.update { $0.failureToRaise = StrictEngine.unreachable }
        #expect((await failure as? LockError)?.code == .leaseLost)
        #expect((await running as? LockError)?.code == .engineUnavailable)
        let later = await error { try await client.withLock("a") { _ in } } as? LockError
        #expect(later?.code == .engineUnavailable)
        #expect(later?.cause != nil)
    }

    @Test("LockClient.with runs the engine for the body and stops it afterwards, whatever the body does")
    func scopedClient() async throws {
        struct Mine: Error {}
        let clock = ManualClock()
        let engine = StrictEngine(clock: clock)
        let kind = LockEngine(name: "strict") { _ in engine }
        let failure = await error {
            try await LockClient.with(kind, logger: .silent, time: clock) { locks in
                try await locks.withLock("a") { _ in throw Mine() }
            }
        }
        #expect(failure is Mine)
        #expect(engine.calls.first == .run)
        #expect(engine.calls.last == .stopped)
    }

    @Test("Cancelling LockClient.with stays a CancellationError, and what was held is released")
    func cancelledScope() async throws {
        let clock = ManualClock()
        let engine = StrictEngine(clock: clock)
        let kind = LockEngine(name: "strict") { _ in engine }
        let body = StayingBody(clock)
        // The test that makes this task owns it and awaits its end.
        let task = Task {
            try await LockClient.with(kind, logger: .silent, time: clock) { locks in
                try await locks.withLock("a", body.stay)
            }
        }
        await body.begun()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(engine.calls.suffix(2) == [.released(.init(rawValue: 1)), .stopped])
        #expect(engine.violations == [])
    }
}

/// Waits until a call answers so: the shutdown was asked for, and takes hold a moment later.
private func awaitCode(_ expected: LockError.Code, of call: () async throws -> Void) async {
    while await code(of: call) != expected { await Task.yield() }
}
