import Lockstead
import LocksteadGuards
import LocksteadTesting
import Testing

@Suite("Recording histories", .timeLimit(.minutes(1)))
struct RecorderTests {
    private let recorder = HistoryRecorder()
    private let store = InProcessStore()

    /// A client whose engine is on record.
    private func with<R: Sendable>(
        _ backend: (any LockBackend)? = nil, notesQueues: Bool = false, _ body: (LockClient) async throws -> R
    ) async throws -> R {
        let inner = backend ?? InProcessBackend(store: store)
        let engine = LockEngine(name: "recorded") { _ in RecordingBackend(inner, recorder, notesQueues: notesQueues) }
        return try await LockClient.with(engine, body)
    }

    private var lines: [Substring] { recorder.text.split(separator: "\n") }

    @Test("Each call is two lines, the first before the engine is asked, in the words of the format")
    func format() async throws {
        let clock = ManualClock(now: ContinuousTime(nanoseconds: 5_000))
        let recorder = HistoryRecorder(time: clock)
        let backend = RecordingBackend(
            Watching(InProcessBackend(store: store)) { recorder.text.contains(#""e":"invoke""#) }, recorder)
        let request = LockRequest(
            id: RequestID(high: 1, low: 2), owner: OwnerID(high: 3, low: 4), names: [try LockName("k\"3")],
            lease: .seconds(5), wait: .never)
        guard case .granted(let grant) = try await backend.acquire(request) else { return }
        clock.advance(by: .microseconds(1))
        _ = try await backend.release(grant, deadline: clock.now)
        let id = "00000000000000010000000000000002"
        #expect(
            recorder.text == """
                {"e":"begin","ts":5000,"v":1,"be":"memory","fencing":"monotonic"}
                {"e":"invoke","ts":5000,"p":1,"req":"\(id)","op":"acquire","key":"k\\"3","mode":"x","wait_ms":0,"be":"memory"}
                {"e":"ok","ts":5000,"p":1,"req":"\(id)","token":\(grant.token)}
                {"e":"invoke","ts":6000,"p":1,"req":"00000000000000000000000000000001","op":"release","key":"k\\"3","token":\(grant.token),"of":"\(id)","be":"memory"}
                {"e":"ok","ts":6000,"p":1,"req":"00000000000000000000000000000001"}

                """)
        #expect(try recorder.judge().verdict == .clean)
    }

    /// An engine that looks at something when it is asked.
    private struct Watching: BackendDecorator {
        let base: any LockBackend
        let isTrue: @Sendable () -> Bool
        init(_ base: any LockBackend, _ isTrue: @escaping @Sendable () -> Bool) {
            (self.base, self.isTrue) = (base, isTrue)
        }
        func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
            #expect(isTrue())
            return try await base.acquire(request)
        }
    }

    @Test("A process whose outcome is unknown is never used again, and its owner goes on as one that says who it was")
    func retirement() async throws {
        let cable = Cable(plan: FaultPlan().adding(.loseAnswer, at: .renew))
        let backend = RecordingBackend(FaultyBackend(InProcessBackend(store: store), on: cable), recorder)
        let request = LockRequest(
            id: RequestID(high: 1, low: 2), owner: OwnerID(high: 3, low: 4), names: [try LockName("k")], wait: .never)
        guard case .granted(let grant) = try await backend.acquire(request) else { return }
        let soon = SystemTimeSource().now.advanced(by: .seconds(5))
        _ = await backend.renew([grant], deadline: soon)
        _ = try await backend.release(grant, deadline: soon)
        #expect(lines.contains { $0.contains(#""e":"info""#) && $0.contains(#""p":1,"#) })
        #expect(lines.contains { $0.contains(#""p":2,"was":1,"#) && $0.contains(#""op":"release""#) })
        #expect(try recorder.judge().verdict == .clean)
    }

    @Test("Many tasks with all kinds of locks leave a history that is clean, with every grant and section in it")
    func everything() async throws {
        try await with(notesQueues: true) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<24 {
                    group.addTask {
                        for round in 0..<15 { try await Self.work(client, recorder, task, round) }
                    }
                }
                try await group.waitForAll()
            }
        }
        let judgement = try recorder.judge()
        #expect(judgement.verdict == .clean, "\(judgement.violations)")
        #expect(judgement.statistics.grants >= 24 * 15)
        #expect(judgement.statistics.sections >= 24 * 15)
        #expect(recorder.text.contains(#""e":"queued""#))
        #expect(recorder.text.contains(#""keys":["#))
    }

    private static func work(_ client: LockClient, _ recorder: HistoryRecorder, _ task: Int, _ round: Int) async throws
    {
        let section: @Sendable (Lease) async throws -> Void = { lease in
            await recorder.criticalSection(lease) { await Task.yield() }
        }
        switch (task + round) % 4 {
        case 0: try await client.withLock("x", section)
        case 1: try await client.withLock("x", mode: .shared, section)
        case 2: try await client.withLocks(["x", "y"], section)
        default: try await client.semaphore("s", permits: 3).withPermit(section)
        }
    }

    @Test("Forced releases, caps and lock-delays are on record, so that what they end is no violation")
    func forced() async throws {
        try await with { client in
            let first = try await client.acquire("a", terms: HoldTerms(lockDelay: .milliseconds(5)))
            try await client.forceRelease("a", reason: "test", now: true)
            let second = try await client.acquire("a", terms: HoldTerms(maximumHold: .milliseconds(20)))
            let third = try await client.acquire("a")
            try await third.release()
            for lost in [first, second] {
                do { try await lost.release() } catch let error as LockError
                    where error.code == .leaseLost || error.code == .notHeld
                {}
            }
        }
        let judgement = try recorder.judge()
        #expect(judgement.verdict == .clean, "\(judgement.violations)")
        #expect(judgement.statistics.grants == 3)
        #expect(recorder.text.contains(#""op":"force_release""#))
    }

    @Test("Whoever holds something when its client ends is recorded as dead, so that the next grant is no violation")
    func death() async throws {
        let inner = InProcessBackend(store: store)
        let backend = RecordingBackend(inner, recorder)
        let request = LockRequest(
            id: RequestID(high: 1, low: 2), owner: OwnerID(high: 3, low: 4), names: [try LockName("k")], wait: .never)
        _ = try await backend.acquire(request)
        await withTaskGroup(of: Void.self) { group in
            // An end by cancellation is what is tested.
            group.addTask { try? await backend.run() }
            group.cancelAll()
        }
        #expect(lines.last?.contains(#""e":"died""#) == true)
        #expect(lines.last?.contains(#""p":1"#) == true)
    }

    @Test("The file engine's leases, renewals, deaths and hand-overs between clients leave a clean history, too")
    func fileEngine() async throws {
        let folder = try ScratchFolder()
        let recorder = recorder
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<3 {
                let context = EngineContext(logger: LogCapture().logger, time: SystemTimeSource())
                // The last one dies while it holds.
                let plan = client == 2 ? FaultPlan().adding(.die, at: .release, number: 4) : FaultPlan()
                let faulty = FaultyBackend(
                    try LockEngine.file(folder.path(of: "locks")).makeBackend(context), on: Cable(plan: plan))
                group.addTask {
                    try await Self.contend(RecordingBackend(faulty, recorder, notesQueues: true), recorder)
                }
            }
            try await group.waitForAll()
        }
        let judgement = try recorder.judge()
        #expect(judgement.verdict == .clean, "\(judgement.violations)")
        #expect(judgement.statistics.grants >= 2 * 12)
        #expect(recorder.text.contains(#""e":"died""#))
    }

    private static func contend(_ backend: RecordingBackend, _ recorder: HistoryRecorder) async throws {
        let engine = LockEngine(name: "file") { _ in backend }
        do {
            try await LockClient.with(engine) { client in
                for _ in 0..<12 {
                    try await client.withLock("a", lease: .seconds(2)) { lease in
                        try await recorder.criticalSection(lease) {
                            // Work that takes a while.
                            try await Task.sleep(for: .milliseconds(2))
                        }
                    }
                }
            }
        } catch let error as LockError where [.shutDown, .leaseLost, .engineUnavailable].contains(error.code) {
            // The one that died.
        }
    }

    @Test("A file keeps every line, and several recorders may append to it")
    func file() throws {
        let folder = try ScratchFolder()
        let path = "\(folder.path)/history"
        for number in [1, 2] as [UInt64] {
            let recorder = try HistoryRecorder(appendingTo: path, firstProcess: number * 1_000)
            recorder.enter(try LockName("a"), token: FencingToken(rawValue: number), validUntil: nil)
            recorder.exit(try LockName("a"), token: FencingToken(rawValue: number))
            recorder.nemesis("pause", number == 1)
            #expect(recorder.failure == nil)
        }
        let judgement = try HistoryJudge().judge(contentsOf: path)
        #expect(judgement.statistics.sections == 2)
        #expect(judgement.statistics.lines == 6)
        #expect(throws: (any Error).self) { try HistoryRecorder(appendingTo: folder.path, firstProcess: 1) }
    }
}

@Suite("Read, modify, write", .timeLimit(.minutes(1)))
struct LedgerFileTests {
    private let recorder = HistoryRecorder()
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// RULES 8, step by step: A reads and pauses, its lock goes to B, B reads, A writes, B writes.
    private func crossing(_ fencing: LedgerFile.Fencing) async throws -> Judgement {
        let (name, store) = (try LockName("ledger"), InProcessStore())
        let ledger = LedgerFile("\(folder.path)/\(fencing)", of: name, fencing: fencing, recorder: recorder)
        let backend = RecordingBackend(InProcessBackend(store: store), recorder)
        func grant(_ number: UInt64) async throws -> Grant {
            let request = LockRequest(
                id: RequestID(high: 1, low: number), owner: OwnerID(high: 2, low: number), names: [name], wait: .never)
            guard case .granted(let grant) = try await backend.acquire(request) else {
                throw LockError(.timedOut, "not free", effect: .didNotHappen)
            }
            return grant
        }
        let (soon, turn) = (SystemTimeSource().now.advanced(by: .seconds(5)), Watched(0))
        let one = try await grant(1)
        async let first = Self.add(1, to: ledger, one) {
            turn.update { $0 = 1 }
            await turn.until { $0 == 2 }
        }
        await turn.until { $0 == 1 }
        _ = try await backend.forceRelease(name, reason: "paused", now: true, deadline: soon)
        let two = try await grant(2)
        async let second = Self.add(2, to: ledger, two) {
            turn.update { $0 = 2 }
            await turn.until { $0 == 3 }
        }
        let wasFirstTaken = try await first
        turn.update { $0 = 3 }
        let wasSecondTaken = try await second
        #expect(wasSecondTaken)
        #expect(wasFirstTaken == (fencing != .entered))
        _ = try await backend.release(two, deadline: soon)
        _ = try ledger.finalValues()
        return try recorder.judge()
    }

    /// Whether the ledger took it.
    private static func add(
        _ value: UInt64, to ledger: LedgerFile, _ grant: Grant, _ pause: @Sendable () async -> Void
    ) async throws -> Bool {
        do {
            try await ledger.add(value, token: grant.token, thinking: pause)
            return true
        } catch let error as GuardError where error.code == .stale {
            return false
        }
    }

    @Test("A ledger that is entered with the token loses no update (S6b, RULES 8)")
    func entered() async throws {
        let judgement = try await crossing(.entered)
        #expect(judgement.verdict == .clean, "\(judgement.violations)")
        #expect(judgement.statistics.updates == 1)
        #expect(judgement.statistics.lostUpdates == 0)
        #expect(judgement.statistics.refusedAccesses == 1)
    }

    @Test(
        "The controls lose one: without a fence, and with a fence on writes alone",
        arguments: [LedgerFile.Fencing.none, .writesOnly])
    func controls(fencing: LedgerFile.Fencing) async throws {
        let judgement = try await crossing(fencing)
        #expect(judgement.verdict == .violated)
        #expect(judgement.statistics.lostUpdates == 1)
        #expect(judgement.violations.contains { $0.kind == .lostUpdate })
    }

    @Test(
        "Under the lock, many tasks lose nothing, however the file checks tokens",
        arguments: LedgerFile.Fencing.allCases)
    func locked(fencing: LedgerFile.Fencing) async throws {
        let ledger = LedgerFile(
            "\(folder.path)/locked", of: try LockName("ledger"), fencing: fencing, recorder: recorder)
        let recorder = recorder
        let engine = LockEngine(name: "memory") { _ in
            RecordingBackend(InProcessBackend(store: InProcessStore()), recorder)
        }
        try await LockClient.with(engine) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for value in 1...30 as ClosedRange<UInt64> {
                    group.addTask {
                        try await client.withLock("ledger") { lease in
                            try await ledger.add(value, token: lease.token) { await Task.yield() }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(Set(try ledger.finalValues()) == Set(1...30))
        let judgement = try recorder.judge()
        #expect(judgement.verdict == .clean, "\(judgement.violations)")
        #expect(judgement.statistics.updates == 30)
    }
}
