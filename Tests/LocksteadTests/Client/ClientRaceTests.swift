import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("LockClient: what crosses on the way", .timeLimit(.minutes(1)))
struct ClientRaceTests {
    private static let first = FencingToken(rawValue: 1)

    @Test("The body of LockClient.with finds a client that runs: a call that waits for nothing is served")
    func withIsRunning() async throws {
        for _ in 0..<100 {
            let tried = try await LockClient.with(.inProcess(InProcessStore()), logger: .silent) { locks in
                try await locks.tryWithLock("a") { _ in true }
            }
            #expect(tried == true)
            let waited = try await LockClient.with(.inProcess(InProcessStore()), logger: .silent) { locks in
                try await locks.withLock("a", waitingAtMost: .zero) { _ in true }
            }
            #expect(waited)
        }
    }

    @Test("A loss that is told before the grant it ends is not forgotten (RULES 19)")
    func lossBeforeTheGrant() async throws {
        let fixture = ClientFixture()
        let door = Door()
        try await fixture.run { locks in
            let later = try await locks.acquire("later")
            fixture.engine.play(.delayAnswer(door), on: .acquire)
            let hasRun = Watched(false)
            async let failure = code { try await locks.withLock("a") { _ in hasRun.update { $0 = true } } }
            await fixture.until(.granted(.init(rawValue: 2)))
            try await locks.forceRelease("a", reason: "stuck")
            try await locks.forceRelease("later", reason: "to see that the first notice was read")
            while later.lease.isHeld { await Task.yield() }
            door.open()
            #expect(await failure == .leaseLost)
            #expect(!hasRun.value)
            // The release acknowledges.
            #expect(fixture.engine.calls.contains(.released(.init(rawValue: 2))))
        }
    }

    @Test("A lock that is lost while the others are waited for is no lock: the body does not begin (R3, R22)")
    func lostWhileWaiting() async throws {
        let fixture = ClientFixture(.strict(removing: .severalNames))
        try await fixture.run { locks in
            let blocker = try await locks.acquire("b")
            let hasRun = Watched(false)
            async let failure = code {
                try await locks.withLocks(["a", "b"]) { _ in hasRun.update { $0 = true } }
            }
            await fixture.until(3) { if case .acquire = $0 { true } else { false } }
            try await locks.forceRelease("a", reason: "stuck")
            await fixture.observer.until { if case .lost(.init(rawValue: 2), _) = $0.event { true } else { false } }
            try await blocker.release()
            #expect(await failure == .leaseLost)
            #expect(!hasRun.value)
        }
        let names = try [LockName("a"), LockName("b")]
        #expect(fixture.engine.state.value.holders(of: names).isEmpty)
    }

    @Test("Once everything has drained nothing nests any more: the leftovers are being released under it")
    func nothingNestsAfterTheDrain() {
        var lifecycle = Lifecycle()
        #expect(lifecycle.claim() == .mayStart)
        lifecycle.start()
        #expect(lifecycle.admit(.outermost) == .admitted)
        lifecycle.drain()
        #expect(lifecycle.admit(.nested) == .admitted)
        lifecycle.leave()
        lifecycle.leave()
        #expect(lifecycle.isDrained)
        // An escaped task found its ancestor alive a moment ago.
        #expect(lifecycle.admit(.nested) == .shutDown)
        #expect(lifecycle.admit(.cleanUp) == .admitted)
    }

    @Test("A shutdown repeats the release of a leftover handle whose answer was lost (R19)")
    func leftoverWithLostAnswer() async throws {
        let fixture = ClientFixture()
        fixture.engine.play(.refuse(StrictEngine.lost), on: .release)
        let lock = try await fixture.run { try await $0.acquire("a") }
        #expect(fixture.engine.calls.suffix(2) == [.released(Self.first), .stopped])
        #expect(fixture.client.gate.activities == 0)
        #expect(!lock.lease.isHeld)
    }

    @Test("A release that did not reach the engine is repeated: the lock is not shut for the rest of its lease (R19)")
    func releaseWithoutEngine() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            fixture.engine.play(.refuse(StrictEngine.unreachable), on: .release)
            try await locks.withLock("a") { _ in }
            let next = try await locks.withLock("a") { $0.token }
            #expect(next == .init(rawValue: 2))
        }
        let name = try LockName("a")
        #expect(fixture.engine.state.value.holders(of: [name]).isEmpty)
    }

    @Test("The books of dropped handles are closed when their leases are over (RULES 17)")
    func droppedHandlesAreForgotten() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            for index in 0..<20 { _ = try await locks.acquire("dropped/\(index)") }
            #expect(fixture.client.registry.count == 20)
            await fixture.advance(by: .seconds(40))
            #expect(fixture.client.registry.count == 0)
        }
        #expect(!fixture.engine.calls.contains { if case .release = $0 { true } else { false } })
    }

    @Test("A shutdown gives back what a dropped handle held where no lease runs out")
    func droppedHandleInProcess() async throws {
        let store = InProcessStore()
        let backend = InProcessBackend(store: store)
        let client = LockClient(backend, logger: .silent)
        try await client.whileRunning { locks in _ = try await locks.acquire("a") }
        let other = LockClient(InProcessBackend(store: store), logger: .silent)
        let lock = try await other.whileRunning { try await $0.tryAcquire("a") }
        #expect(lock != nil)
        withExtendedLifetime(backend) {}
    }
}

@Suite("LockClient: local queues in odd moments", .timeLimit(.minutes(1)))
struct ClientQueueRaceTests {
    private static let capabilities = Capabilities.strict(adding: [.handOver, .priority], queuesLocally: true)

    @Test("Who joins a queue that was closed meanwhile is told so, and does not wait for ever")
    func joinAfterClose() async throws {
        let name = try LockName("a")
        let lines = LocalLines()
        lines.close(StrictEngine.stopped)
        let key = LocalLines.Key(name: name, lease: .seconds(1), terms: HoldTerms(), fairness: .fair)
        let request = LockRequest(
            id: RequestID(high: 1, low: 1), owner: OwnerID(high: 1, low: 1), names: [name])
        let outcome: LocalLines.Outcome = await withCheckedContinuation { continuation in
            let acts = lines.change(key) { line, acts in
                var effects: [LocalQueue.Effect] = []
                line.places[1] = .init(request: request, continuation: continuation)
                line.queue.join(.init(id: 1, deadline: .distantFuture, priority: 0), effects: &effects)
                line.acts(effects, grant: nil, newID: RequestID(high: 1, low: 2), into: &acts)
            }
            var isAnswered = false
            for case .answer(let continuation, let outcome) in acts {
                isAnswered = true
                continuation.resume(returning: outcome)
            }
            if !isAnswered { continuation.resume(returning: .success(.busy(nil))) }
        }
        #expect(throws: LockError.self) { try outcome.get() }
        #expect(!lines.contains(key))
    }

    @Test("A handle that was downgraded is released, not handed over: other readers may be in")
    func downgradedIsNotHandedOver() async throws {
        let fixture = ClientFixture(Self.capabilities)
        try await fixture.run { locks in
            let lock = try await locks.acquire("a", fairness: .barging)
            try await locks.downgrade(lock)
            let reader = try await locks.acquire("a", mode: .shared)
            // The test that makes this task owns it and awaits its end.
            let writer = Task { try await locks.withLock("a", fairness: .barging) { _ in reader.lease.isHeld } }
            await fixture.until(3) { if case .acquire = $0 { true } else { false } }
            try await lock.release()
            #expect(!fixture.engine.calls.contains { if case .handOver = $0 { true } else { false } })
            try await reader.release()
            #expect(try await writer.value == false)
        }
    }

    @Test("A request that was withdrawn in favour of another fails nobody, whatever its answer")
    func withdrawnWithLostAnswer() async throws {
        let fixture = ClientFixture(Self.capabilities)
        try await fixture.run { locks in
            let blocker = try await locks.acquire("a", mode: .shared)
            // The test that makes these tasks owns them and awaits their ends.
            let alone = Task { try await locks.withLock("a") { $0.token } }
            await fixture.until(2) { $0 == .acquire(["a"]) }
            fixture.engine.play(.loseAnswer, on: .acquire)
            // Owned and awaited by the test as well, once the lock is free.
            let usual = Task { try await locks.withLock("a") { $0.token } }
            while fixture.client.lines.waiterCount < 1 { await Task.yield() }
            alone.cancel()
            await #expect(throws: CancellationError.self) { try await alone.value }
            await fixture.until(3) { $0 == .acquire(["a"]) }
            let urgent = Task { try await locks.withLock("a", priority: 5) { $0.token } }
            await fixture.until(4) { $0 == .acquire(["a"]) }
            try await blocker.release()
            #expect(try await urgent.value < usual.value)
        }
    }

    @Test("A line whose handed-over grant was lost is forgotten")
    func lineAfterALoss() async throws {
        let fixture = ClientFixture(Self.capabilities)
        let key = LocalLines.Key(
            name: try LockName("a"), lease: .seconds(30), terms: HoldTerms(), fairness: .barging)
        try await fixture.run { locks in
            let lock = try await locks.acquire("a", fairness: .barging)
            // The test that makes this task owns it and awaits its end.
            let alone = Task { try await locks.withLock("a", fairness: .barging) { _ in } }
            await fixture.until(2) { $0 == .acquire(["a"]) }
            let body = StayingBody(fixture.clock)
            async let failure = code { try await locks.withLock("a", fairness: .barging, body.stay) }
            while fixture.client.lines.waiterCount < 1 { await Task.yield() }
            alone.cancel()
            await #expect(throws: CancellationError.self) { try await alone.value }
            await fixture.until(3) { $0 == .acquire(["a"]) }
            try await lock.release()
            await body.begun()
            #expect(fixture.client.lines.contains(key))
            try await locks.forceRelease("a", reason: "stuck")
            #expect(await failure == .leaseLost)
            #expect(!fixture.client.lines.contains(key))
        }
    }
}

@Suite("LockClient: what escapes from a body", .timeLimit(.minutes(1)))
struct ClientEscapeTests {
    @Test("Bodies that start one another keep no chain of the bodies before them")
    func relay() async throws {
        let deepest = Watched(0)
        try await LockClient.with(.inProcess(InProcessStore()), logger: .silent) { locks in
            let relay = Relay(locks, deepest)
            relay.start(0)
            await relay.isOver.wait()
        }
        #expect(deepest.value <= 3)
    }

    /// Each body starts its successor and ends only when that one's body runs.
    private struct Relay: Sendable {
        let locks: LockClient
        let deepest: Watched<Int>
        let isOver = Door()
        init(_ locks: LockClient, _ deepest: Watched<Int>) { (self.locks, self.deepest) = (locks, deepest) }

        func start(_ index: Int, follows door: Door? = nil) {
            // The test awaits the end of the last one.
            Task {
                try await locks.withLock("relay/\(index)") { _ in
                    door?.open()
                    var depth = 0
                    var scope = LockScope.current
                    while let next = scope { (depth, scope) = (depth + 1, next.outer) }
                    let reached = depth
                    deepest.update { $0 = max($0, reached) }
                    guard index < 200 else { return isOver.open() }
                    let begun = Door()
                    start(index + 1, follows: begun)
                    await begun.wait()
                }
            }
        }
    }

    @Test("A lock entered again gives at least the guarantee that is asked for (R48)")
    func guaranteeOfReentry() async throws {
        let fixture = ClientFixture()
        fixture.engine.state.update {
            $0 = StrictEngineState(guarantee: Guarantee(exclusion: .advisory, scope: .cluster, fencing: .none))
        }
        try await fixture.run { locks in
            try await locks.withLock("a") { _ in
                #expect(
                    await code { try await locks.withLock("a", require: .linearizable) { _ in } } == .guaranteeTooWeak)
            }
        }
    }
}
