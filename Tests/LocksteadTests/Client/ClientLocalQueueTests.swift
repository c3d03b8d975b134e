import LocksteadTesting
import Testing

@testable import Lockstead

@Suite("The local queue's rules (RULES 9)")
struct LocalQueueMachineTests {
    private var queue = LocalQueue()
    private var effects: [LocalQueue.Effect] = []

    private static func time(_ seconds: Int64) -> ContinuousTime {
        ContinuousTime(nanoseconds: seconds * 1_000_000_000)
    }

    private mutating func join(_ id: UInt64, until deadline: Int64, priority: Int8 = 0) -> [LocalQueue.Effect] {
        effects = []
        queue.join(.init(id: id, deadline: Self.time(deadline), priority: priority), effects: &effects)
        return effects
    }

    private mutating func leave(_ id: UInt64) -> [LocalQueue.Effect] {
        effects = []
        _ = queue.leave(id, effects: &effects)
        return effects
    }

    private mutating func granted() -> [LocalQueue.Effect] {
        effects = []
        queue.remoteGranted(effects: &effects)
        return effects
    }

    private mutating func ended(at seconds: Int64) -> ([UInt64], [LocalQueue.Effect]) {
        effects = []
        let over = queue.remoteEnded(at: Self.time(seconds), effects: &effects)
        return (over, effects)
    }

    @Test("One remote request at a time; the next is sent as soon as one is granted")
    mutating func oneAtATime() {
        let first = join(1, until: 10)
        #expect(first == [.ask(until: Self.time(10), priority: 0)])
        let second = join(2, until: 20)
        #expect(second == [])
        let grant = granted()
        #expect(grant == [.assign(1), .ask(until: Self.time(20), priority: 0)])
        let next = granted()
        #expect(next == [.assign(2)])
        #expect(queue.isIdle)
    }

    @Test("The remote request outlives the waiter that caused it, and is inherited")
    mutating func inherited() {
        _ = join(1, until: 10)
        _ = join(2, until: 20)
        let left = leave(1)
        #expect(left == [])
        let grant = granted()
        #expect(grant == [.assign(2)])
    }

    @Test("It ends with the last waiter; a grant that crosses goes back")
    mutating func withdrawn() {
        _ = join(1, until: 10)
        let left = leave(1)
        #expect(left == [.withdraw])
        #expect(!queue.isIdle)
        let grant = granted()
        #expect(grant == [.giveBack])
        #expect(queue.isIdle)
    }

    @Test("It carries the longest deadline of its waiters; who waits longer than it asks again")
    mutating func longestDeadline() {
        _ = join(1, until: 10)
        _ = join(2, until: 30)
        _ = join(3, until: 20)
        let (over, again) = ended(at: 10)
        #expect(over == [1])
        #expect(again == [.ask(until: Self.time(30), priority: 0)])
        let (rest, none) = ended(at: 30)
        #expect(rest == [2, 3])
        #expect(none == [])
    }

    @Test("A higher priority is served first, and replaces a request of a lower one")
    mutating func priority() {
        _ = join(1, until: 10)
        let urgent = join(2, until: 10, priority: 5)
        #expect(urgent == [.withdraw])
        let (over, again) = ended(at: 1)
        #expect(over == [])
        #expect(again == [.ask(until: Self.time(10), priority: 5)])
        let grant = granted()
        #expect(grant == [.assign(2), .ask(until: Self.time(10), priority: 0)])
    }

    @Test("Whoever comes first asks by itself; those who come meanwhile ask once it is answered")
    mutating func alone() {
        effects = []
        var isAlone = queue.beginAlone(1, priority: 0)
        #expect(isAlone && !queue.isIdle)
        isAlone = queue.beginAlone(2, priority: 0)
        #expect(!isAlone)
        let joined = join(2, until: 20)
        #expect(joined == [])
        queue.answeredAlone(1, isGranted: true, effects: &effects)
        #expect(effects == [.ask(until: Self.time(20), priority: 0)])
        isAlone = queue.beginAlone(3, priority: 0)
        #expect(!isAlone, "others wait")
        _ = granted()
        #expect(queue.isIdle)
    }

    @Test("A higher priority does not wait for the answer of one that asks by itself")
    mutating func urgentBesideAlone() {
        effects = []
        _ = queue.beginAlone(1, priority: 0)
        let urgent = join(2, until: 20, priority: 3)
        #expect(urgent == [.ask(until: Self.time(20), priority: 3)])
        queue.answeredAlone(1, isGranted: false, effects: &effects)
        #expect(effects == urgent, "nothing more is asked")
        let grant = granted()
        #expect(grant == [.assign(2)])
        #expect(queue.isIdle)
    }

    @Test("A refusal is for everyone who waits")
    mutating func failure() {
        _ = join(1, until: 10)
        _ = join(2, until: 10)
        let failed = queue.remoteFailed()
        #expect(failed == [1, 2])
        #expect(queue.isIdle)
    }

    @Test("At most 16 hand-overs in a row; a release or a remote grant begins a new row")
    mutating func handOversInARow() {
        for id in UInt64(1)...20 { _ = join(id, until: 99) }
        var handed = 0
        while let next = queue.nextForHandOver() {
            let isTaken = queue.handedOver(to: next, effects: &effects)
            #expect(isTaken)
            handed += 1
        }
        #expect(handed == 16)
        queue.released()
        #expect(queue.nextForHandOver() == 17)
        _ = queue.handedOver(to: 17, effects: &effects)
        _ = granted()
        #expect(queue.handOversInARow == 0)
    }

    @Test(
        "Random walks: never two remote requests, none without a waiter, every waiter answered once",
        arguments: UInt64(1)...50)
    func walk(seed: UInt64) {
        var walk = LocalQueueWalk(seed: seed)
        walk.run(steps: 400)
        #expect(walk.problem == nil, "seed \(seed)")
        #expect(walk.answered > 50)
    }
}

/// Plays clients and engine against a local queue.
struct LocalQueueWalk {
    private var generator: SeededGenerator
    private var queue = LocalQueue()
    private var waiting: Set<UInt64> = []
    private var isAsking = false
    private var isWithdrawn = false
    /// Those who ask by themselves.
    private var alone: Set<UInt64> = []
    private var next: UInt64 = 0
    private var now: Int64 = 0
    private(set) var answered = 0
    private(set) var problem: String?

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func run(steps: Int) {
        for _ in 0..<steps where problem == nil { step() }
    }

    private mutating func step() {
        var effects: [LocalQueue.Effect] = []
        now += 1
        switch Int.random(in: 0..<7, using: &generator) {
        case 0, 1, 2:
            next += 1
            let deadline = ContinuousTime(nanoseconds: now + .random(in: 1...40, using: &generator))
            let priority = Int8.random(in: -2...2, using: &generator)
            if queue.beginAlone(next, priority: priority) {
                if !waiting.isEmpty || isAsking { problem = "alone, beside others" }
                alone.insert(next)
                return
            }
            waiting.insert(next)
            queue.join(.init(id: next, deadline: deadline, priority: priority), effects: &effects)
        case 3:
            guard let leaver = waiting.sorted().randomElement(using: &generator) else { return }
            if queue.leave(leaver, effects: &effects) { answer(leaver) } else { problem = "a waiter was forgotten" }
        case 4 where isAsking:
            isAsking = false
            queue.remoteGranted(effects: &effects)
        case 5 where isAsking:
            isAsking = false
            for id in queue.remoteEnded(at: ContinuousTime(nanoseconds: now), effects: &effects) { answer(id) }
        case 6:
            guard let answered = alone.sorted().randomElement(using: &generator) else { return }
            alone.remove(answered)
            queue.answeredAlone(answered, isGranted: .random(using: &generator), effects: &effects)
        default: return
        }
        heed(effects)
        if !waiting.isEmpty, !isAsking, alone.isEmpty { problem = "waiters without a remote request" }
        if waiting.isEmpty, isAsking, !isWithdrawn { problem = "a remote request without a waiter" }
    }

    private mutating func heed(_ effects: [LocalQueue.Effect]) {
        for effect in effects {
            switch effect {
            case .ask:
                if isAsking { problem = "two remote requests" }
                (isAsking, isWithdrawn) = (true, false)
            case .withdraw:
                if !isAsking { problem = "nothing to withdraw" }
                isWithdrawn = true
            case .assign(let id): answer(id)
            case .giveBack: if !waiting.isEmpty { problem = "a grant was given back beside a waiter" }
            }
        }
    }

    private mutating func answer(_ id: UInt64) {
        if waiting.remove(id) == nil { problem = "\(id) was answered twice" }
        answered += 1
    }
}

@Suite("LockClient: the local queue", .timeLimit(.minutes(1)))
struct ClientLocalQueueTests {
    private static let capabilities = Capabilities.strict(adding: .handOver, queuesLocally: true)

    private static func isAcquire(_ call: StrictEngine.Call) -> Bool { call == .acquire(["a"]) }
    private static func isHandOver(_ call: StrictEngine.Call) -> Bool {
        if case .handOver = call { true } else { false }
    }

    @Test("However many wait for a name, one request of this client waits at the engine")
    func oneRemoteRequest() async throws {
        let fixture = ClientFixture(Self.capabilities)
        try await fixture.run { locks in
            let tokens = try await withThrowingTaskGroup(of: FencingToken.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        try await locks.withLock("a") { lease in
                            let waiting = fixture.engine.state.value.waiters.count { $0.outcome == nil }
                            #expect(waiting <= 1)
                            return lease.token
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(tokens).count == 50)
            #expect(!fixture.engine.calls.contains(where: Self.isHandOver), "fair locks are never handed over")
        }
    }

    @Test("A barging lock is handed over to the next local waiter as a new grant")
    func handOver() async throws {
        let fixture = ClientFixture(Self.capabilities)
        try await fixture.run { locks in
            let tokens = try await withThrowingTaskGroup(of: FencingToken.self) { group in
                for _ in 0..<60 { group.addTask { try await locks.withLock("a", fairness: .barging) { $0.token } } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(tokens).count == 60, "every grant has a token of its own")
            let handOvers = fixture.engine.calls.count(where: Self.isHandOver)
            #expect(handOvers > 0)
            // After 16 in a row the lock goes through the engine.
            #expect(fixture.engine.calls.longestRun(of: Self.isHandOver, brokenBy: Self.isReleased) <= 16)
        }
    }

    private static func isReleased(_ call: StrictEngine.Call) -> Bool {
        if case .released = call { true } else { false }
    }

    @Test("A waiter that gives up leaves its request to the others (R26)")
    func inheritance() async throws {
        let fixture = ClientFixture(Self.capabilities)
        try await fixture.run { locks in
            let blocker = try await locks.acquire("a", fairness: .barging)
            // The test that makes these tasks owns them and awaits their ends.
            let alone = Task { try await locks.withLock("a") { $0.token } }
            await fixture.until(2, Self.isAcquire)
            let first = Task { try await locks.withLock("a") { $0.token } }
            while fixture.client.lines.waiterCount < 1 { await Task.yield() }
            let second = Task { try await locks.withLock("a") { $0.token } }
            while fixture.client.lines.waiterCount < 2 { await Task.yield() }
            #expect(fixture.engine.calls.count(where: Self.isAcquire) == 2)
            alone.cancel()
            await #expect(throws: CancellationError.self) { try await alone.value }
            await fixture.until(3, Self.isAcquire)
            first.cancel()
            await #expect(throws: CancellationError.self) { try await first.value }
            try await blocker.release()
            _ = try await second.value
            #expect(fixture.engine.calls.count(where: Self.isAcquire) == 3, "the second inherited the first one's")
        }
    }

    @Test("A local waiter's own deadline counts, whatever the remote request's")
    func ownDeadline() async throws {
        let fixture = ClientFixture(Self.capabilities)
        try await fixture.run { locks in
            let blocker = try await locks.acquire("a", lease: .seconds(300))
            // The test that makes this task owns it and awaits its end.
            let patient = Task { try await locks.withLock("a") { $0.token } }
            await fixture.until(2, Self.isAcquire)
            async let failure = code { try await locks.withLock("a", waitingAtMost: .seconds(1)) { _ in } }
            while fixture.client.lines.waiterCount < 1 { await Task.yield() }
            while fixture.clock.sleeperCount < 2 { await Task.yield() }
            await fixture.advance(by: .seconds(1))
            #expect(await failure == .timedOut)
            try await blocker.release()
            _ = try await patient.value
        }
    }

    @Test("Who joins the line only after its deadline does not wait for the remote request")
    func lateJoin() async throws {
        let fixture = ClientFixture(Self.capabilities)
        try await fixture.run { locks in
            let blocker = try await locks.acquire("a", lease: .seconds(300))
            // The test that makes this task owns it and awaits its end.
            let patient = Task { try await locks.withLock("a") { $0.token } }
            await fixture.until(2, Self.isAcquire)
            let now = fixture.clock.now
            let late = LockRequest(
                id: RequestID(high: 1, low: 2), owner: OwnerID(high: 3, low: 4), names: [try LockName("a")],
                lease: .seconds(30), wait: .until(now))
            let key = try #require(locks.line(for: late))
            let outcome = await locks.stand(late, key, locks.lines.drawWaiter(), now)
            let isBusy = if case .success(.busy) = outcome { true } else { false }
            #expect(isBusy, "\(outcome)")
            #expect(fixture.engine.calls.count(where: Self.isAcquire) == 2, "it stood in the patient one's line")
            try await blocker.release()
            _ = try await patient.value
        }
    }

    @Test("When the last waiter gives up, the remote request is withdrawn (R10, R26)")
    func lastWaiter() async throws {
        let fixture = ClientFixture(Self.capabilities)
        try await fixture.run { locks in
            let blocker = try await locks.acquire("a")
            // The test that makes these tasks owns them and awaits their ends.
            let alone = Task { try await locks.withLock("a") { _ in } }
            await fixture.until(2, Self.isAcquire)
            let waiting = Task { try await locks.withLock("a") { _ in } }
            while fixture.client.lines.waiterCount < 1 { await Task.yield() }
            alone.cancel()
            await #expect(throws: CancellationError.self) { try await alone.value }
            await fixture.until(3, Self.isAcquire)
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            await fixture.engine.state.until { $0.waiters.isEmpty }
            try await blocker.release()
            let isFree = try await locks.tryWithLock("a") { _ in true }
            #expect(isFree == true)
        }
    }

    @Test("A refusal of the engine reaches every local waiter, and later requests start afresh")
    func refusal() async throws {
        let fixture = ClientFixture(Self.capabilities)
        fixture.engine.play(.refuse(StrictEngine.unreachable), on: .acquire)
        try await fixture.run { locks in
            #expect(await code { try await locks.withLock("a") { _ in } } == .engineUnavailable)
            try await locks.withLock("a") { #expect($0.isHeld) }
        }
    }
}

extension [StrictEngine.Call] {
    /// The most elements of one kind without one of another between them.
    func longestRun(of isCounted: (Element) -> Bool, brokenBy isBreak: (Element) -> Bool) -> Int {
        var (run, longest) = (0, 0)
        for call in self {
            if isBreak(call) { run = 0 } else if isCounted(call) { run += 1 }
            longest = Swift.max(longest, run)
        }
        return longest
    }
}
