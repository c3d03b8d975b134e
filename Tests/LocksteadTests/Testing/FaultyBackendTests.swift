import Lockstead
import LocksteadTesting
import Testing

@Suite("Faults on the way to an engine", .timeLimit(.minutes(1)))
struct FaultyBackendTests {
    /// A client behind a cable, and another one whose way to the same store is clear.
    private struct Fixture {
        let store = InProcessStore()
        let cable: Cable
        let faulty: FaultyBackend
        let clear: InProcessBackend
        let clock = ManualClock()
        private static let ids = Watched<UInt64>(0)

        init(_ plan: FaultPlan = FaultPlan()) {
            cable = Cable(plan: plan)
            faulty = FaultyBackend(InProcessBackend(store: store), on: cable, time: clock)
            clear = InProcessBackend(store: store)
        }

        func request(_ name: String = "a", wait: LockRequest.Wait = .never) throws -> LockRequest {
            let id = Self.ids.update { ids -> UInt64 in
                ids += 1
                return ids
            }
            return LockRequest(
                id: RequestID(high: 9, low: id), owner: OwnerID(high: 9, low: id), names: [try LockName(name)],
                wait: wait)
        }

        func grant(_ name: String = "a") async throws -> Grant {
            guard case .granted(let grant) = try await faulty.acquire(try request(name)) else {
                throw LockError(.timedOut, "not free", effect: .didNotHappen)
            }
            return grant
        }

        var soon: ContinuousTime { clock.now.advanced(by: .seconds(5)) }

        func isFree(_ name: String = "a") async throws -> Bool {
            guard case .granted(let grant) = try await clear.acquire(try request(name)) else { return false }
            return try await clear.release(grant, deadline: soon) == .released
        }

        func code(_ body: () async throws(LockError) -> some Sendable) async -> (LockError.Code, LockError.Effect)? {
            do throws(LockError) {
                _ = try await body()
                return nil
            } catch {
                return (error.code, error.effect)
            }
        }
    }

    @Test("A dropped request never arrives, and its sender cannot know that")
    func drop() async throws {
        let fixture = Fixture(FaultPlan().adding(.drop, at: .acquire))
        let request = try fixture.request()
        let error = await fixture.code { () async throws(LockError) in try await fixture.faulty.acquire(request) }
        #expect(error?.0 == .indeterminate)
        #expect(error?.1 == .mayHaveHappened)
        #expect(try await fixture.isFree())
        guard case .granted = try await fixture.faulty.acquire(request) else {
            Issue.record("only the first acquire is dropped")
            return
        }
    }

    @Test("A request whose answer is lost has happened, and asking again with its id tells the same grant")
    func loseAnswer() async throws {
        let fixture = Fixture(FaultPlan().adding(.loseAnswer, at: .acquire))
        let request = try fixture.request()
        let error = await fixture.code { () async throws(LockError) in try await fixture.faulty.acquire(request) }
        #expect(error?.0 == .indeterminate)
        #expect(try await !fixture.isFree())
        guard case .granted(let grant) = try await fixture.faulty.acquire(request) else {
            Issue.record("the grant is there")
            return
        }
        #expect(try await fixture.faulty.release(grant, deadline: fixture.soon) == .released)
    }

    @Test("A duplicated request is told the first answer, and makes one grant, one release")
    func duplicate() async throws {
        let plan = FaultPlan().adding(.duplicate, at: .acquire).adding(.duplicate, at: .release)
        let fixture = Fixture(plan)
        let grant = try await fixture.grant()
        #expect(try await fixture.faulty.release(grant, deadline: fixture.soon) == .released)
        #expect(try await fixture.isFree())
        #expect(fixture.cable.faults.map(\.call) == [.acquire, .release])
    }

    @Test("A delayed request arrives when its delay is over; beyond its deadline, never")
    func delay() async throws {
        let plan = FaultPlan().adding(.delay(.seconds(1)), at: .acquire).adding(.delay(.seconds(60)), at: .release)
        let fixture = Fixture(plan)
        let request = try fixture.request()
        async let granted = fixture.faulty.acquire(request)
        await fixture.clock.waitForSleepers(1)
        #expect(try await fixture.isFree())
        fixture.clock.advance(by: .seconds(1))
        guard case .granted(let grant) = try await granted else {
            Issue.record("it arrives late, and is granted")
            return
        }
        let deadline = fixture.soon
        async let released = fixture.code { () async throws(LockError) in
            try await fixture.faulty.release(grant, deadline: deadline)
        }
        await fixture.clock.waitForSleepers(1)
        fixture.clock.advance(by: .seconds(5))
        #expect(await released?.0 == .indeterminate)
        #expect(try await !fixture.isFree())
    }

    @Test("A lost session takes all grants with it, and its client is told")
    func loseSession() async throws {
        let fixture = Fixture(FaultPlan().adding(.loseSession, at: .renew))
        let notices = fixture.faulty.notices()
        let (one, two) = (try await fixture.grant("a"), try await fixture.grant("b"))
        let outcomes = await fixture.faulty.renew([one, two], deadline: fixture.soon)
        #expect(outcomes.count { if case .lost = $0 { true } else { false } } == 2)
        #expect(try await fixture.isFree("a"))
        #expect(try await fixture.isFree("b"))
        var told: [RequestID] = []
        for await case .lost(let request, .engineLost) in notices {
            told.append(request)
            if told.count == 2 { break }
        }
        #expect(told == [one.request, two.request])
    }

    @Test("Who is dead asks nothing more, its run() ends, and what it held stays held")
    func die() async throws {
        let fixture = Fixture(FaultPlan().adding(.die, at: .renew, number: 2))
        let grant = try await fixture.grant()
        async let end: Void = fixture.faulty.run()
        for isLast in [false, true] {
            let outcome = await fixture.faulty.renew([grant], deadline: fixture.soon)
            switch outcome[0] {
            case .renewed: #expect(!isLast)
            case .unknown(let error): #expect(isLast && error.code == .shutDown)
            case .lost: Issue.record("death is not a loss")
            }
        }
        try await end
        #expect(fixture.cable.isDead)
        let request = try fixture.request("b")
        let error = await fixture.code { () async throws(LockError) in try await fixture.faulty.acquire(request) }
        #expect(error?.0 == .shutDown)
        #expect(error?.1 == .didNotHappen)
        #expect(try await !fixture.isFree())
    }

    @Test("A cut cable refuses what is asked, and a mended one carries it")
    func cut() async throws {
        let fixture = Fixture()
        fixture.cable.cut()
        let request = try fixture.request()
        let error = await fixture.code { () async throws(LockError) in try await fixture.faulty.acquire(request) }
        #expect(error?.0 == .engineUnavailable)
        #expect(error?.1 == .didNotHappen)
        fixture.cable.mend()
        _ = try await fixture.grant()
    }

    @Test("A plan by chance is the same for the same seed, and as frequent as it is asked to be")
    func seeded() {
        var rates = FaultPlan.Rates()
        (rates.drop, rates.delay, rates.duplicate, rates.loseAnswer) = (0.1, 0.2, 0.05, 0.1)
        func faults(_ seed: UInt64) -> [FaultPlan.Fault?] {
            var plan = FaultPlan(seed: seed, rates: rates)
            return (0..<2_000).map { _ in plan.next(.renew) }
        }
        #expect(faults(1) == faults(1))
        #expect(faults(1) != faults(2))
        let drawn = faults(3)
        #expect((100...240).contains(drawn.count { $0 == .drop }))
        #expect((60...140).contains(drawn.count { $0 == .duplicate }))
        #expect((140...260).contains(drawn.count { $0 == .loseAnswer }))
        let delays = drawn.compactMap { if case .delay(let duration)? = $0 { duration } else { nil } }
        #expect((250...450).contains(delays.count))
        #expect(delays.allSatisfy { $0 >= .zero && $0 <= .milliseconds(100) })
        #expect(!drawn.contains(.die))
        for (rate, fault) in [(\FaultPlan.Rates.loseSession, FaultPlan.Fault.loseSession), (\.die, .die)] {
            var certain = FaultPlan.Rates()
            certain[keyPath: rate] = 1
            var plan = FaultPlan(seed: 5, rates: certain)
            #expect(FaultPlan.Call.allCases.allSatisfy { plan.next($0) == fault })
        }
    }

    @Test("Under drops, delays, duplicates and lost answers a client keeps its locks exclusive, and the judge agrees")
    func underFaults() async throws {
        let recorder = HistoryRecorder()
        let store = InProcessStore()
        var rates = FaultPlan.Rates()
        (rates.drop, rates.duplicate, rates.loseAnswer, rates.delay) = (0.1, 0.1, 0.1, 0.1)
        rates.longestDelay = .milliseconds(2)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 1...3 as ClosedRange<UInt64> {
                let cable = Cable(plan: FaultPlan(seed: client, rates: rates))
                let faulty = FaultyBackend(InProcessBackend(store: store), on: cable)
                group.addTask { try await Self.work(RecordingBackend(faulty, recorder, notesQueues: true), recorder) }
            }
            try await group.waitForAll()
        }
        let judgement = try recorder.judge()
        #expect(judgement.verdict == .clean, "\(judgement.violations)")
        #expect(judgement.statistics.grants > 50)
        #expect(judgement.statistics.unknownOperations > 0)
        #expect(judgement.statistics.sections > 50)
    }

    private static func work(_ backend: RecordingBackend, _ recorder: HistoryRecorder) async throws {
        let engine = LockEngine(name: "memory") { _ in backend }
        try await LockClient.with(engine) { client in
            for _ in 0..<60 {
                do {
                    try await client.withLock("a", waitingAtMost: .seconds(5)) { lease in
                        await recorder.criticalSection(lease) { await Task.yield() }
                    }
                } catch let error as LockError where error.effect != .happened {
                    // What the plan did to it; the judge looks at what it meant.
                }
            }
        }
    }
}
