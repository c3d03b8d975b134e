package import LockCore
import SeededRandom

/// A seeded random walk over a `LockTable`: hostile and sensible commands in any order, judged after each step.
package struct TableWalk: Simulation {
    /// What the walk is drawn from.
    package let seed: UInt64
    /// The table as it stands.
    package internal(set) var table = LockTable()
    var judge: TableJudge
    var draw: SeededGenerator
    /// Draws of its own, so that the same commands meet crashes or none.
    var faults: SeededGenerator
    /// What happens to registers, drawn apart too.
    private var registers: RegisterWalk
    var now = LogTime.zero
    let options: SimulationOptions
    let usesPriorities: Bool
    /// Long queues on one name.
    let isCrowded: Bool
    var grants: [GrantRecord] = []
    var sequences: [SessionID: UInt64] = [:]
    var doneThrough: [SessionID: UInt64] = [:]
    var answered: [AnsweredCommand] = []
    var requests: UInt64 = 0
    /// The table as last saved, and what it was told since.
    var snapshot: [UInt8] = []
    var tail: [(command: Command, time: LogTime)] = []
    /// Commands that the table's short way carried out as well, with the same outcome.
    package private(set) var shortCuts = 0
    private var steps = 0
    private var lastAct: (command: Command, answer: Answer)?

    /// Begins a walk; commands, faults and time come from the seed.
    package init(seed: UInt64, options: SimulationOptions = SimulationOptions()) {
        (self.seed, self.options) = (seed, options)
        draw = SeededGenerator(seed: seed)
        faults = SeededGenerator(seed: ~seed)
        registers = RegisterWalk(seed: seed)
        usesPriorities = seed % 3 == 0
        isCrowded = seed % 6 == 0
        judge = TableJudge(judgesOrder: seed % 3 != 0)
        snapshot = table.encoded()
        table.plant(options.bug?.ofTable)
    }

    package var digest: UInt64 { table.digest }

    package var account: String {
        guard let (command, answer) = lastAct else { return "nothing" }
        return "\(Account.seconds(table.logTime)): \(Account.of(command)) → \(Account.of(answer))"
    }

    /// Walks on; the first violation in words with its seed and step, or `nil`.
    package mutating func run(steps count: Int) -> String? {
        for _ in 0..<count {
            if let problem = step() { return "seed \(seed), step \(steps): \(problem)" }
        }
        return settle().map { "seed \(seed), at the end: \($0)" }
    }

    package mutating func step() -> String? {
        steps += 1
        if chance(40) { now = now + TimeSpan.milliseconds(Int64.random(in: 0...1500, using: &draw)) }
        if chance(2), Int.random(in: 0..<3, using: &faults) == 0, let problem = restore() { return problem }
        if Int.random(in: 0..<400, using: &faults) == 0, let problem = crash() { return problem }
        if chance(6), let problem = retry() { return problem }
        if registers.isNext(), let problem = perform(registers.command(grants, table)) { return problem }
        return perform(command())
    }

    mutating func perform(_ command: Command) -> String? {
        let own = ownGrantToEnter(command)
        let before = stalePassenger(command)
        if let problem = shortWayProblem(command) { return problem }
        var effects: [Effect] = []
        tail.append((command, now))
        let answer = table.apply(command, at: now, effects: &effects)
        lastAct = (command, answer)
        remember(command, answer, effects)
        if options.bug == .canary { repeatGrants(in: &effects) }
        if let problem = judge.judge(command, answer, effects, table) ?? ownProblem() {
            return "\(problem) after \(Account.of(command)) → \(Account.of(answer))"
        }
        if let own, answer != .granted(with(own, counted: answer)) { return "re-entry made another grant: \(answer)" }
        if let before, table.session(before) == nil { return "S4: a stale expiry ended a session" }
        return nil
    }

    /// Now and then: it copies the table several times.
    private mutating func shortWayProblem(_ command: Command) -> String? {
        guard options.bug == nil, Int.random(in: 0..<10, using: &faults) == 0 else { return nil }
        switch ShortCut.judge(table, command, at: now) {
        case .notTaken: return nil
        case .same: shortCuts += 1
        case .differs(let problem): return "the short way of \(Account.of(command)): \(problem)"
        }
        return nil
    }

    private func ownProblem() -> String? { options.problem(in: table, after: steps) }

    private func repeatGrants(in effects: inout [Effect]) {
        effects += effects.filter { if case .granted = $0 { true } else { false } }
    }

    // MARK: Special cases whose outcome is known beforehand

    private func ownGrantToEnter(_ command: Command) -> GrantRecord? {
        guard case .acquire(let request) = command, request.ifOwned == .enter, request.dedup == nil,
            Self.hasSoundTerms(request), let own = judge.ownGrant(request), judge.holds(own),
            table.nextDue.map({ $0 > now }) ?? true,
            request.mode == own.mode || (request.mode == .shared && own.mode == .exclusive)
        else { return nil }
        if case .permits = own.mode { return nil }
        return own
    }

    /// Terms that make no sense are refused to an owner, too.
    private static func hasSoundTerms(_ request: Command.Acquire) -> Bool {
        let delays = TimeSpan.zero...Limits.longestDelay
        return delays.contains(request.lockDelay) && delays.contains(request.minimumHold)
            && request.maximumHold.map { $0 > .zero } ?? true
    }

    private func with(_ grant: GrantRecord, counted answer: Answer) -> GrantRecord {
        guard case .granted(let told) = answer else { return grant }
        var expected = grant
        (expected.count, expected.mode, expected.request) = (told.count, told.mode, told.request)
        return expected
    }

    /// The session that an expiry of an old generation must leave alone.
    private func stalePassenger(_ command: Command) -> SessionID? {
        guard case .expire(let id, let generation) = command, let view = table.session(id),
            view.generation != generation
        else { return nil }
        return id
    }

    /// Liveness: when every holder lets go and nobody dies, every waiter is served or timed out within 60 virtual seconds.
    package mutating func settle(_ tell: (String) -> Void = { _ in }) -> String? {
        // What the waiters themselves ask to hold at least is theirs, one after the other.
        let end = judge.waiting.reduce(now + .seconds(60)) { $0 + $1.minimumHold }
        while !judge.waiting.isEmpty, now < end {
            if let problem = releaseAll(tell) { return problem }
            let isHeld = judge.live.contains { !$0.value.isEmpty }
            let next = isHeld ? now : min(table.nextDue ?? now, now + .seconds(1))
            now = max(next, now + .milliseconds(1))
            let problem = perform(.advance)
            if options.isTraced { tell(account) }
            if let problem { return problem }
        }
        if !judge.waiting.isEmpty { return "L3: \(judge.waiting.count) waiters were never served" }
        return judge.difference(from: table)
    }

    private mutating func releaseAll(_ tell: (String) -> Void) -> String? {
        for (name, grants) in judge.live.sorted(by: { $0.key < $1.key }) {
            for grant in grants {
                let problem = perform(.release(.init(session: grant.session, names: [name], token: grant.token)))
                if options.isTraced { tell(account) }
                if let problem { return problem }
            }
        }
        return nil
    }
}
