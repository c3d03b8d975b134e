import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("Elections", .timeLimit(.minutes(1)))
struct LockElectionTests {
    private let store = InProcessStore()

    private func with<R: Sendable>(_ body: (LockElection) async throws -> R) async throws -> R {
        try await LockClient.with(.inProcess(store)) { try await body($0.election("leader")) }
    }

    private static func stay(_: Leadership) async throws { try await Task.sleep(for: .seconds(3_600)) }

    @Test("One leads at a time, under rising terms, in the order of the campaigns")
    func oneAtATime() async throws {
        try await with { election in
            let terms = Watched<[FencingToken]>([])
            let leaders = Watched(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        try await election.withLeadership(as: "candidate \(number)") { leadership in
                            let count = leaders.update { leaders in
                                leaders += 1
                                return leaders
                            }
                            #expect(count == 1)
                            #expect(leadership.isLeading && leadership.value == "candidate \(number)")
                            let leader = try await election.leader()
                            #expect(leader?.value == leadership.value && leader?.term == leadership.term)
                            terms.update { $0.append(leadership.term) }
                            leaders.update { $0 -= 1 }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(terms.value == terms.value.sorted() && Set(terms.value).count == 20)
            #expect(try await election.leader() == nil)
        }
    }

    @Test("Every leader is observed, in order and with nothing in between left out, from the present one on")
    func observed() async throws {
        try await with { election in
            let seen = Collected<Leader?>()
            let stream = try await election.observe()
            let reading = seen.begin(stream)
            defer { reading.cancel() }
            await seen.until { $0 == [nil] }
            var terms: [FencingToken] = []
            for number in 0..<50 {
                terms.append(try await election.withLeadership(as: "\(number)") { $0.term })
            }
            await seen.until { $0.count == 101 }
            let told = seen.values.value
            #expect(told.compactMap { $0?.term } == terms)
            #expect(told.compactMap { $0?.value } == (0..<50).map(String.init))
            #expect(told.enumerated().allSatisfy { ($0.element == nil) == $0.offset.isMultiple(of: 2) })
        }
    }

    @Test("The stream ends without an error when the client stops, and a leader that leads already comes first")
    func endsWithTheClient() async throws {
        let seen = Collected<Leader?>()
        // The test that makes this task owns it and awaits its end.
        let reading = try await with { election in
            let task = try await election.withLeadership(as: "first") { _ in
                let stream = try await election.observe()
                let task = Task { try await seen.read(stream) }
                await seen.until { !$0.isEmpty }
                return task
            }
            #expect(seen.values.value.first??.value == "first")
            return task
        }
        try await reading.value
    }

    @Test("Whatever the watch loses, a new leader is seen by the fallback's reading (RULES 20)")
    func silentWatch() async throws {
        let clock = ManualClock()
        let engine = PoorWatch(InProcessStore(time: clock), .silent)
        try await LockClient(engine, time: clock).whileRunning { locks in
            let election = try locks.election("leader")
            let seen = Collected<Leader?>()
            let stream = try await election.observe()
            let reading = seen.begin(stream)
            defer { reading.cancel() }
            await seen.until { $0 == [nil] }
            let stays = StayingBody(clock)
            // The test that makes this task owns it and awaits its end.
            let leading = Task { try await election.withLeadership(as: "new") { try await stays.stay($0.lease) } }
            await stays.begun()
            while seen.values.value.count < 2 { await advance(clock, towards: .milliseconds(100)) }
            #expect(seen.values.value.last??.value == "new")
            leading.cancel()
            _ = await leading.result
            while seen.values.value.count < 3 { await advance(clock, towards: .milliseconds(100)) }
            #expect(seen.values.value.last == .some(nil))
            let readings = engine.counts.value.readings
            #expect(readings >= 3, "the only polling there is")
        }
    }

    /// Lets time pass in small steps, and others run.
    private func advance(_ clock: ManualClock, towards step: Duration) async {
        clock.advance(by: step)
        for _ in 0..<20 { await Task.yield() }
    }

    @Test("A watch that breaks again and again is begun anew each time, and no leader is missed")
    func breakingWatch() async throws {
        let clock = ManualClock()
        let engine = PoorWatch(InProcessStore(time: clock), .breaksAfterOne)
        try await LockClient(engine, time: clock).whileRunning { locks in
            let election = try locks.election("leader")
            let seen = Collected<Leader?>()
            let stream = try await election.observe()
            let reading = seen.begin(stream)
            defer { reading.cancel() }
            await seen.until { $0 == [nil] }
            for number in 0..<5 {
                let stays = StayingBody(clock)
                // The test that makes this task owns it and awaits its end.
                let leading = Task {
                    try await election.withLeadership(as: "\(number)") { try await stays.stay($0.lease) }
                }
                await stays.begun()
                while seen.values.value.last??.value != "\(number)" {
                    await advance(clock, towards: .milliseconds(100))
                }
                leading.cancel()
                _ = await leading.result
            }
            #expect(engine.counts.value.watches >= 2)
            let terms = seen.values.value.compactMap { $0?.term }
            #expect(terms == terms.sorted())
        }
    }

    @Test("A leader that resigns has its body cancelled and awaited before the next one leads")
    func resigns() async throws {
        try await with { election in
            let first = Watched<Leadership?>(nil)
            let hasEnded = Watched(false)
            async let failure = code {
                try await election.withLeadership(as: "first") { leadership in
                    first.update { $0 = leadership }
                    // It takes its time to stop, and nobody else leads meanwhile.
                    defer { hasEnded.update { $0 = true } }
                    do { try await Self.stay(leadership) } catch {
                        for _ in 0..<100 { await Task.yield() }; throw error
                    }
                }
            }
            await first.until { $0 != nil }
            async let next = election.withLeadership(as: "second") { _ in hasEnded.value }
            while try await election.client.inspect("leader")?.waiterCount != 1 { await Task.yield() }
            first.value?.resign()
            first.value?.resign()
            #expect(await failure == .resigned)
            #expect(try await next)
        }
    }

    @Test("A body that returns a value in spite of its resignation has it returned; a cancelled caller stays cancelled")
    func resignedWithValue() async throws {
        try await with { election in
            let value = try await election.withLeadership { leadership in
                leadership.resign()
                // Cancellation is what the resignation brings, and what this body answers with a value.
                try? await Self.stay(leadership)
                return Task.isCancelled
            }
            #expect(value)
            let begun = Door()
            // The test that makes this task owns it and awaits its end.
            let cancelled = Task {
                try await election.withLeadership { leadership in
                    begun.open()
                    try await Self.stay(leadership)
                }
            }
            await begun.wait()
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
            #expect(try await election.leader() == nil)
        }
    }

    @Test("A campaign goes on after a resignation and after a revocation, and ends with its body")
    func campaigns() async throws {
        try await with { election in
            let terms = Watched<[FencingToken]>([])
            let last = try await election.campaign(
                as: "persistent",
                retry: RetryPolicy(
                    backoff: .exponential(base: .milliseconds(1), cap: .milliseconds(1)), maximumAttempts: 2,
                    maximumElapsed: .seconds(60))
            ) { leadership in
                let round = terms.update { terms in
                    terms.append(leadership.term)
                    return terms.count
                }
                switch round {
                case 1...3:
                    leadership.resign()
                    try await Self.stay(leadership)
                case 4:
                    try await election.client.forceRelease("leader", reason: "test", now: true)
                    try await Self.stay(leadership)
                default: break
                }
                return leadership.term
            }
            #expect(terms.value.count == 5, "two failures in a row would have ended it, one after each term does not")
            #expect(terms.value == terms.value.sorted() && terms.value.last == last)
        }
    }

    @Test("A campaign ends with what the body throws, even where the engine could throw the same")
    func campaignEnds() async throws {
        try await with { election in
            let rounds = Watched(0)
            let failure = await code {
                try await election.campaign { _ in
                    rounds.update { $0 += 1 }
                    throw LockError(.engineUnavailable, "The body's own.", effect: .didNotHappen)
                }
            }
            #expect(failure == .engineUnavailable && rounds.value == 1)
        }
    }

    @Test("Campaigning where one leads already is refused: a term is not entered again")
    func nested() async throws {
        try await with { election in
            try await election.withLeadership { _ in
                #expect(
                    await code { try await election.withLeadership(waitingAtMost: .zero) { _ in } } == .wouldDeadlock)
            }
        }
    }

    @Test(
        "An engine that cannot describe a lock or tell changes refuses to be observed, and a client that does not run says so"
    )
    func refused() async throws {
        for feature in [Capabilities.Features.inspect, .changes] {
            let fixture = ClientFixture(.strict(removing: feature))
            try await fixture.run { locks in
                let election = try locks.election("leader")
                #expect(await code { _ = try await election.observe() } == .unsupported)
                if feature == .inspect { #expect(await code { _ = try await election.leader() } == .unsupported) }
            }
        }
        let clock = ManualClock()
        let idle = LockClient(InProcessBackend(store: InProcessStore(time: clock)), time: clock)
        async let failure = code { _ = try await idle.election("leader").observe() }
        await clock.waitForSleepers(1)
        clock.advance(by: .seconds(5))
        #expect(await failure == .notRunning)
        #expect(await code { _ = try idle.election("a//b") } == .invalidName)
    }

    @Test("Nobody who reads a stream no longer is followed for: the follower ends")
    func unfollowed() async throws {
        let clock = ManualClock()
        let engine = PoorWatch(InProcessStore(time: clock), .silent)
        try await LockClient(engine, time: clock).whileRunning { locks in
            var stream: AsyncThrowingStream<Leader?, any Error>? = try await locks.election("leader").observe()
            var iterator = stream?.makeAsyncIterator()
            _ = try await iterator?.next()
            await clock.waitForSleepers(1)
            iterator = nil
            stream = nil
            while clock.sleeperCount > 0 { await Task.yield() }
            let readings = engine.counts.value.readings
            clock.advance(by: .seconds(10))
            for _ in 0..<50 { await Task.yield() }
            #expect(engine.counts.value.readings == readings)
        }
    }
}
