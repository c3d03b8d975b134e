import LockCore
import SeededRandom

/// The service as clients meet it: a log that commits in its own time, the table it is applied to, and a leader that may crash, stand
/// still or be cut off.
///
/// The nodes behind it are not simulated: what they agree on is a log whose uncommitted end may be lost with its leader.
struct SessionService {
    /// Who is told what came of an entry.
    struct Origin {
        var client: Int
        var number: UInt64
        var session: SessionID
    }

    struct Entry {
        /// `nil`: the barrier of a new leader.
        var command: Command?
        var term: Int
        var stamp: LogTime
        /// In real time, which only the judge knows.
        var appendedAt: Int64
        var origin: Origin?
        var commitAt: Int64
    }

    struct Leader {
        var term: Int
        var clock: DriftingClock
        var keeper = SessionKeeper()
        /// When, by its clock, it applied its barrier, and the log's time then (RULES 4).
        var barrier: (at: ContinuousTime, log: LogTime)?
        /// Nothing reaches the voters from then on.
        var isolatedAt: Int64?
        var pausedUntil: Int64 = 0
        var inbox: [SessionRequest] = []
        /// The newest message of each session.
        var heard: [SessionID: UInt64] = [:]
        /// The same as it was before the first forced release that is in the log and not applied; and how many are.
        var heardBefore: [SessionID: UInt64] = [:]
        var pendingRevocations = 0
        var plannedTick: Int64 = .max
        var isRoundPlanned = false
        var plannedDue: Int64 = .max
    }

    /// A heartbeat that waits for its answer.
    struct Heartbeat {
        var origin: Origin
        var arrivedAt: Int64
    }

    var table = LockTable()
    var judge = TableJudge(judgesOrder: true)
    var log: [Entry] = []
    var leader: Leader?
    /// A leader that does not know yet that it is none any more.
    var deposed: Leader?
    var term = 0
    var snapshot: [UInt8]
    var tail: [(command: Command, time: LogTime)] = []
    var heartbeats: [UInt64: Heartbeat] = [:]
    var tickets: UInt64 = 0
    var clientOf: [SessionID: Int] = [:]
    var applied = 0
    let options: SimulationOptions

    init(options: SimulationOptions) {
        self.options = options
        snapshot = table.encoded()
    }

    var bug: SessionBug? { options.bug?.ofSession }

    /// Whether the leader leads, by its own knowledge.
    var isLed: Bool { leader?.barrier != nil }

    /// What a leader stamps into a command now.
    func stamp(_ leader: Leader, at real: Int64) -> LogTime {
        let now = leader.clock.reading(at: real)
        if bug == .logTimeOfOwnClock { return LogTime(nanoseconds: now.nanoseconds) }
        guard let barrier = leader.barrier else { return table.logTime }
        return barrier.log + (now - barrier.at)
    }

    /// Appends to the leader's log; what a leader that is cut off appends never counts.
    mutating func append(_ command: Command?, origin: Origin?, at real: Int64, commitsAfter delay: Int64) -> Int64? {
        guard let leader else { return nil }
        let commitAt = max(real + delay, log.last?.commitAt ?? 0)
        log.append(
            Entry(
                command: command, term: leader.term, stamp: stamp(leader, at: real), appendedAt: real,
                origin: origin, commitAt: commitAt))
        return commitAt
    }

    /// Applies a committed command and has it judged.
    mutating func apply(_ command: Command, _ stamp: LogTime) -> (answer: Answer, effects: [Effect], problem: String?) {
        var effects: [Effect] = []
        tail.append((command, stamp))
        let answer = table.apply(command, at: stamp, effects: &effects)
        applied += 1
        var judged = effects
        if options.bug == .canary { judged += effects.filter { if case .granted = $0 { true } else { false } } }
        let problem = judge.judge(command, answer, judged, table) ?? options.problem(in: table, after: applied)
        return (answer, effects, problem.map { "\($0) after \(Account.of(command)) → \(Account.of(answer))" })
    }

    /// All processes die: what is left is the last snapshot and what was committed since.
    mutating func restart() -> String? {
        do {
            var replayed = try LockTable(decoding: snapshot)
            var effects: [Effect] = []
            if bug != .tailLostInRestart {
                for entry in tail { _ = replayed.apply(entry.command, at: entry.time, effects: &effects) }
                guard replayed.digest == table.digest else {
                    return "snapshot and tail differ from the table that lived"
                }
            }
            table = replayed
            (snapshot, tail) = (table.encoded(), [])
            return nil
        } catch {
            return "a snapshot was refused: \(error)"
        }
    }

    /// What is told of an outcome: a retry is not told of a grant that has ended since, or was revoked.
    ///
    /// The renewals that told of its end may be past, and nothing would tell of it again.
    func telling(_ answer: Answer) -> Answer {
        guard case .granted(let grant) = answer, bug != .endedGrantRetold else { return answer }
        let stands = table.holds(grant.names, grant.token, session: grant.session, request: grant.request)
        return stands ? answer : .notHeld
    }

    /// The newest message that was sent before anything that is in the log could have ended the session's grants.
    ///
    /// A forced release counts from when it was stamped: until it is applied, a grant that stands may be over soon after.
    func heard(of session: SessionID) -> UInt64? {
        guard let leader else { return nil }
        let isPending = leader.pendingRevocations > 0 && bug != .grantProvedBesidePendingRevocation
        return isPending ? leader.heardBefore[session] : leader.heard[session]
    }

    mutating func revocationAppended() {
        guard let leader else { return }
        if leader.pendingRevocations == 0 { self.leader?.heardBefore = leader.heard }
        self.leader?.pendingRevocations += 1
    }

    /// Grants of the session that were revoked: told with every renewal, since the notice may be lost (RULES 19).
    func revoked(of session: SessionID) -> [FencingToken] {
        judge.live.values.flatMap { grants in
            grants.filter { $0.session == session && judge.isRevoked($0) }.map(\.token)
        }.sorted()
    }
}
