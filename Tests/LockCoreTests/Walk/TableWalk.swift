import LockCore
import LocksteadTesting

/// A seeded random walk over a `LockTable`: hostile and sensible commands in any order, judged after each step.
struct TableWalk {
    let seed: UInt64
    private(set) var table = LockTable()
    private(set) var judge: TableJudge
    private(set) var steps = 0
    /// Commands that the table's short way carried out as well, with the same outcome.
    private(set) var shortCuts = 0
    private var draw: SeededGenerator
    private var now = LogTime.zero
    private let usesPriorities: Bool
    /// Long queues on one name.
    private let isCrowded: Bool
    private var grants: [GrantRecord] = []
    private var sequences: [SessionID: UInt64] = [:]
    private var doneThrough: [SessionID: UInt64] = [:]
    private var answered: [Answered] = []
    private var requests: UInt64 = 0

    /// A command that was sent with a sequence, and what a retry of it must be told.
    private struct Answered {
        var command: Command
        var session: SessionID
        var request: RequestID?
        var sequence: UInt64
        var answer: Answer
    }

    init(seed: UInt64, planted: PlantedBug? = nil) {
        self.seed = seed
        draw = SeededGenerator(seed: seed)
        usesPriorities = seed % 3 == 0
        isCrowded = seed % 6 == 0
        judge = TableJudge(judgesOrder: seed % 3 != 0)
        table.plantedBug = planted
    }

    /// Walks on; the first violation in words with its seed and step, or `nil`.
    mutating func run(steps count: Int) -> String? {
        for _ in 0..<count {
            steps += 1
            if let problem = step() { return "seed \(seed), step \(steps): \(problem)" }
        }
        return settle().map { "seed \(seed), at the end: \($0)" }
    }

    private mutating func step() -> String? {
        if chance(40) { now = now + TimeSpan.milliseconds(Int64.random(in: 0...1500, using: &draw)) }
        if chance(2), let problem = restore() { return problem }
        if chance(6), let problem = retry() { return problem }
        return perform(command())
    }

    private mutating func perform(_ command: Command) -> String? {
        let own = ownGrantToEnter(command)
        let before = stalePassenger(command)
        if table.plantedBug == nil {
            switch ShortCut.judge(table, command, at: now) {
            case .notTaken: break
            case .same: shortCuts += 1
            case .differs(let problem): return "the short way of \(command): \(problem)"
            }
        }
        var effects: [Effect] = []
        let answer = table.apply(command, at: now, effects: &effects)
        remember(command, answer, effects)
        if let problem = judge.judge(command, answer, effects, table) ?? table.invariantViolation() {
            return "\(problem) after \(command) → \(answer)"
        }
        if let own, answer != .granted(with(own, counted: answer)) { return "re-entry made another grant: \(answer)" }
        if let before, table.sessions.contains(where: { $0.id == before }) == false {
            return "S4: a stale expiry ended a session"
        }
        return nil
    }

    // MARK: Special cases whose outcome is known beforehand

    private func ownGrantToEnter(_ command: Command) -> GrantRecord? {
        guard case .acquire(let request) = command, request.ifOwned == .enter, request.dedup == nil,
            let own = judge.ownGrant(request), table.nextDue.map({ $0 > now }) ?? true,
            request.mode == own.mode || (request.mode == .shared && own.mode == .exclusive)
        else { return nil }
        if case .permits = own.mode { return nil }
        return own
    }

    private func with(_ grant: GrantRecord, counted answer: Answer) -> GrantRecord {
        guard case .granted(let told) = answer else { return grant }
        var expected = grant
        (expected.count, expected.mode, expected.request) = (told.count, told.mode, told.request)
        return expected
    }

    /// The session that an expiry of an old generation must leave alone.
    private func stalePassenger(_ command: Command) -> SessionID? {
        guard case .expire(let id, let generation) = command, let view = table.sessions.first(where: { $0.id == id }),
            view.generation != generation
        else { return nil }
        return id
    }

    private mutating func remember(_ command: Command, _ answer: Answer, _ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .granted(let grant):
                grants.append(grant)
                updateAnswered(grant.session, grant.request, .granted(grant))
            case .waitEnded(let event, .refused(let refusal)):
                updateAnswered(event.session, event.request, .refused(refusal))
            case .waitEnded(let event, _): updateAnswered(event.session, event.request, .busy)
            case .sessionLost(let id):
                doneThrough[id] = nil
                answered.removeAll { $0.session == id }
            default: break
            }
        }
        if grants.count > 60 { grants.removeFirst(20) }
        if case .closeSession(let id) = command {
            doneThrough[id] = nil
            answered.removeAll { $0.session == id }
        }
        if let record = answeredRecord(command, answer) { answered.append(record) }
        if answered.count > 40 { answered.removeFirst(10) }
    }

    private mutating func updateAnswered(_ session: SessionID, _ request: RequestID, _ answer: Answer) {
        for place in answered.indices where answered[place].session == session && answered[place].request == request {
            answered[place].answer = answer
        }
    }

    private mutating func answeredRecord(_ command: Command, _ answer: Answer) -> Answered? {
        if case .refused(.unknownSession) = answer { return nil }
        noteDone(command)
        switch command {
        case .acquire(let acquire):
            guard let dedup = acquire.dedup else { return nil }
            return Answered(
                command: command, session: acquire.session, request: acquire.request, sequence: dedup.sequence,
                answer: answer)
        case .release(let release):
            guard let dedup = release.dedup else { return nil }
            return Answered(
                command: command, session: release.session, request: nil, sequence: dedup.sequence, answer: answer)
        default: return nil
        }
    }

    private mutating func noteDone(_ command: Command) {
        switch command {
        case .acquire(let acquire): noteDone(acquire.session, acquire.dedup)
        case .release(let release): noteDone(release.session, release.dedup)
        default: break
        }
    }

    private mutating func noteDone(_ session: SessionID, _ dedup: Dedup?) {
        guard let dedup else { return }
        doneThrough[session] = max(doneThrough[session, default: 0], dedup.doneThrough)
    }

    /// RULES 16: a retry is told the first answer, and nothing happens.
    private mutating func retry() -> String? {
        guard let old = answered.randomElement(using: &draw) else { return nil }
        var probe = table
        var effects: [Effect] = []
        // What is due fires first; only then may the retry change nothing.
        _ = probe.apply(.advance, at: now, effects: &effects)
        guard effects.isEmpty else { return nil }
        let digest = probe.digest
        let answer = probe.apply(old.command, at: now, effects: &effects)
        guard effects.isEmpty, probe.digest == digest else {
            return "S7: a retry of \(old.command) was carried out again"
        }
        let isDone = old.sequence <= doneThrough[old.session, default: 0]
        return answer == (isDone ? .refused(.sequenceDone) : old.answer)
            ? nil : "S7: a retry was told \(answer), first it was \(old.answer)"
    }

    /// A table restored from its snapshot goes on in the place of the original.
    private mutating func restore() -> String? {
        let bytes = table.encoded()
        do {
            var restored = try LockTable(decoding: bytes)
            if table.plantedBug == nil, restored.digest != table.digest { return "a snapshot changed the digest" }
            restored.plantedBug = table.plantedBug
            if table.plantedBug == nil, restored.encoded() != bytes { return "a snapshot of a snapshot differs" }
            if let problem = divergence(from: restored) { return problem }
            table = restored
            return nil
        } catch {
            return "a snapshot was refused: \(error)"
        }
    }

    /// Snapshot and tail give the same as living on.
    private func divergence(from restored: LockTable) -> String? {
        guard table.plantedBug == nil else { return nil }
        var (original, copy) = (table, restored)
        var (first, second): ([Effect], [Effect]) = ([], [])
        for seconds in [1, 3, 8] as [Int64] {
            let time = now + .seconds(seconds)
            _ = original.apply(.advance, at: time, effects: &first)
            _ = copy.apply(.advance, at: time, effects: &second)
        }
        return first == second && original.digest == copy.digest ? nil : "a restored table went another way"
    }

    /// Liveness: when every holder lets go and nobody dies, every waiter is served or timed out.
    private mutating func settle() -> String? {
        for _ in 0..<400 where !judge.waiting.isEmpty {
            now = now + .seconds(2)
            for (name, grants) in judge.live.sorted(by: { $0.key < $1.key }) {
                for grant in grants {
                    if let problem = perform(.release(.init(session: grant.session, names: [name], token: grant.token)))
                    {
                        return problem
                    }
                }
            }
            if let problem = perform(.advance) { return problem }
        }
        return judge.waiting.isEmpty ? nil : "L3: \(judge.waiting.count) waiters were never served"
    }

    // MARK: Commands

    private mutating func command() -> Command {
        switch Int.random(in: 0..<100, using: &draw) {
        case 0..<33: .acquire(acquire())
        case 33..<36: .acquire(reissued() ?? acquire())
        case 36..<58: isCrowded && chance(70) ? .acquire(acquire()) : release()
        case 58..<62:
            .release(
                .init(
                    session: session(), names: [name()],
                    token: FencingToken(rawValue: UInt64.random(in: 0...99, using: &draw))))
        case 62..<67: cancel()
        case 67..<72: .renew(session())
        case 72..<75: .expire(session(), generation: UInt64.random(in: 0...6, using: &draw))
        case 75..<77: .expire(session(), generation: table.sessions.first?.generation ?? 0)
        case 77..<84:
            .openSession(.init(session: session(), timeToLive: .seconds(Int64.random(in: 0...9, using: &draw))))
        case 84..<85: .closeSession(session())
        case 85..<89: downgrade()
        case 89..<93: handOver()
        case 93..<95: .forceRelease(.init(name: name(), reason: "walk", now: chance(30)))
        case 95..<97: .validate(name(), grants.randomElement(using: &draw)?.token ?? FencingToken(rawValue: 7))
        case 97: .configure(configuration())
        default: .advance
        }
    }

    private mutating func configuration() -> Command.Configure {
        switch Int.random(in: 0..<12, using: &draw) {
        case 0: .recover(until: now + .seconds(2))
        case 1: .raiseToken(atLeast: FencingToken(rawValue: UInt64.random(in: 0...5_000, using: &draw)))
        case 2: .raiseFeatureLevel(UInt32.random(in: 0...3, using: &draw))
        default: .longestLease(.seconds(300))
        }
    }

    private mutating func acquire() -> Command.Acquire {
        let mode = mode()
        let session = session()
        var request = Command.Acquire(
            session: session, request: freshRequest(), owner: owner(), names: names(for: mode), mode: mode)
        switch Int.random(in: 0..<10, using: &draw) {
        case 0..<2: request.waitUntil = nil
        case 2..<8: request.waitUntil = now + .milliseconds(Int64.random(in: -5...6_000, using: &draw))
        default: request.waitUntil = .distantFuture
        }
        if isCrowded { request.waitUntil = .distantFuture }
        request.fairness = chance(30) ? .barging : .fair
        request.ifOwned = chance(30) ? .enter : chance(20) ? .refuse : .wait
        if usesPriorities, chance(60) { request.priority = Int8.random(in: -2...3, using: &draw) }
        if chance(20) { request.lockDelay = .milliseconds(Int64.random(in: -1...2_000, using: &draw)) }
        if chance(15) { request.minimumHold = .milliseconds(Int64.random(in: -1...1_500, using: &draw)) }
        if chance(15) { request.maximumHold = .milliseconds(Int64.random(in: 0...3_000, using: &draw)) }
        if chance(30) { request.dedup = dedup(session) }
        return request
    }

    /// A waiting request once more, under a sequence of its own and with another deadline (RULES 26).
    private mutating func reissued() -> Command.Acquire? {
        guard var request = judge.waiting.randomElement(using: &draw) else { return nil }
        request.waitUntil = now + .milliseconds(Int64.random(in: 1...6_000, using: &draw))
        request.dedup = dedup(request.session)
        return request
    }

    private mutating func release() -> Command {
        guard let grant = grants.randomElement(using: &draw) else { return .advance }
        let names = chance(85) ? grant.names : [name()]
        let owner = chance(90) ? grant.session : session()
        return .release(.init(session: owner, names: names, token: grant.token, dedup: chance(30) ? dedup(owner) : nil))
    }

    private mutating func downgrade() -> Command {
        guard let grant = grants.last(where: { $0.mode == .exclusive }) else { return .advance }
        return .downgrade(.init(session: grant.session, names: grant.names, token: grant.token))
    }

    private mutating func handOver() -> Command {
        guard let grant = grants.last(where: { $0.names.count == 1 && $0.mode == .exclusive }),
            let name = grant.names.first
        else {
            return .advance
        }
        let next = Command.Acquire(session: grant.session, request: freshRequest(), owner: owner(), names: [name])
        return .handOver(.init(session: grant.session, name: name, token: grant.token, to: next))
    }

    private mutating func cancel() -> Command {
        if chance(60), let waiter = judge.waiting.randomElement(using: &draw) {
            return .cancel(waiter.session, waiter.request)
        }
        guard let grant = grants.randomElement(using: &draw) else { return .advance }
        return .cancel(grant.session, grant.request)
    }

    // MARK: Draws

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &draw) < percent }
    private mutating func session() -> SessionID { SessionID(high: 1, low: UInt64.random(in: 1...4, using: &draw)) }
    private mutating func owner() -> OwnerID {
        OwnerID(high: 2, low: UInt64.random(in: 1...(isCrowded ? 200 : 6), using: &draw))
    }

    private mutating func freshRequest() -> RequestID {
        requests += 1
        return RequestID(high: 3, low: requests)
    }

    private mutating func dedup(_ session: SessionID) -> Dedup {
        let sequence = sequences[session, default: 0] + 1
        sequences[session] = sequence
        return Dedup(sequence: sequence, doneThrough: sequence > 6 ? sequence - 6 : 0)
    }

    private mutating func mode() -> LockMode {
        switch Int.random(in: 0..<10, using: &draw) {
        case 0..<5: .exclusive
        case 5..<8: .shared
        default: .permits(count: Int.random(in: 1...3, using: &draw), limit: 3)
        }
    }

    private static let readWriteNames = ["a", "b", "c"].compactMap { try? LockName($0) }  // literals that are names
    private static let semaphoreNames = ["s", "t"].compactMap { try? LockName($0) }  // literals that are names

    private mutating func name() -> LockName {
        (Self.readWriteNames + Self.semaphoreNames).randomElement(using: &draw) ?? .vacant
    }

    private mutating func names(for mode: LockMode) -> [LockName] {
        var pool = Self.readWriteNames
        if case .permits = mode { pool = Self.semaphoreNames }
        // One long queue, and one in which every overtaking happens twice.
        if isCrowded, mode == .exclusive { return Array(Self.readWriteNames.prefix(seed % 12 == 0 ? 2 : 1)) }
        if chance(2) { pool = Self.readWriteNames + Self.semaphoreNames }
        if chance(2) { return chance(50) ? [] : [pool[0], pool[0]] }
        let count = chance(70) ? 1 : Int.random(in: 1...2, using: &draw)
        return Array(pool.shuffled(using: &draw).prefix(count))
    }
}
