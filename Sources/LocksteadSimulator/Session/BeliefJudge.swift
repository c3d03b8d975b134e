import LockCore

/// Judges what clients believe and what becomes of their sessions, in real time, which nobody in the simulation knows.
struct BeliefJudge {
    /// How much faster than real time a clock may run, in ten-thousandths.
    let rate: Int64
    let promisesBelief: Bool
    /// How often two holders believed at once where that is not promised.
    private(set) var overlaps = 0
    /// When the last heartbeat arrived that was confirmed, or the opening.
    private var provedAt: [SessionID: (real: Int64, timeToLive: TimeSpan)] = [:]
    /// When a heartbeat of the session last reached a leader, and which.
    private var heardAt: [SessionID: (real: Int64, timeToLive: TimeSpan, term: Int)] = [:]
    /// Names that are closed by a lock-delay, until when at least.
    private var closedUntil: [LockName: Int64] = [:]
    private var lockDelays: [FencingToken: TimeSpan] = [:]
    /// Exclusion was waived for them by an operator (RULES 19).
    private var waived: Set<FencingToken> = []

    init(rate: Int64, promisesBelief: Bool) { (self.rate, self.promisesBelief) = (rate, promisesBelief) }

    mutating func proved(_ session: SessionID, _ timeToLive: TimeSpan, at real: Int64) {
        provedAt[session] = (max(real, provedAt[session]?.real ?? real), timeToLive)
    }

    /// Opening a session that is open proves nothing: it may be an old copy.
    mutating func opened(_ session: SessionID, _ timeToLive: TimeSpan, at real: Int64) {
        if provedAt[session] == nil { provedAt[session] = (real, timeToLive) }
    }

    mutating func heard(_ session: SessionID, _ timeToLive: TimeSpan, by term: Int, at real: Int64) {
        heardAt[session] = (real, timeToLive, term)
    }

    /// RULES 22a: a leader must not give up a session that it has heard of within its TTL.
    func judgeDecision(to session: SessionID, by term: Int, at real: Int64) -> String? {
        guard let heard = heardAt[session], heard.term == term, real < heard.real + shortest(heard.timeToLive) else {
            return nil
        }
        return "S3: the leader gave up a session \(Account.seconds(real - heard.real)) after its heartbeat had arrived"
    }

    mutating func waive(_ tokens: [FencingToken]) { waived.formUnion(tokens) }

    /// A span of a clock that runs fast, in real time.
    private func shortest(_ span: TimeSpan) -> Int64 { span.nanoseconds / (10_000 + rate) * 10_000 - 1_000 }

    /// S3 and S10 in real time.
    ///
    /// What the log's time measures is counted from when a command was decided, and not from when it was applied.
    mutating func judge(
        _ command: Command, _ answer: Answer, _ effects: [Effect], decidedAt decided: Int64, at real: Int64
    ) -> String? {
        if case .expire(_, let named) = command, case .session(let present) = answer, named > present {
            return "RULES 22e: an expiry names a renewal that was never logged"
        }
        // Opened at once, also by what falls due with this very command.
        let opened: LockName? = if case .forceRelease(let force) = command, force.now { force.name } else { nil }
        defer { if let opened { closedUntil[opened] = nil } }
        for effect in effects {
            switch effect {
            case .granted(let grant):
                if let name = grant.names.first(where: { $0 != opened && decided < closedUntil[$0] ?? 0 }) {
                    return "S10: the lock-delay of \(name) was cut short in real time"
                }
            case .sessionLost(let session):
                if let proof = provedAt[session], real < proof.real + shortest(proof.timeToLive) {
                    let lived = Account.seconds(real - proof.real)
                    return
                        "S3: a session of \(Account.seconds(proof.timeToLive)) expired \(lived) after its last proof of life"
                }
            case .expired(let event, let cause) where event.mode == .exclusive && cause != .holdLimit:
                if let delay = lockDelays[event.token] { closedUntil[event.name] = decided + shortest(delay) }
            default: break
            }
        }
        return nil
    }

    /// What an exclusive grant asked to leave behind it.
    mutating func note(_ request: Command.Acquire, _ grant: GrantRecord) {
        if request.lockDelay > .zero { lockDelays[grant.token] = request.lockDelay }
    }

    /// S5 for a client that has just acted: whoever believes does hold, and two who exclude each other never believe both.
    ///
    /// Time alone ends belief and never begins it, so that nobody else need be looked at.
    mutating func judgeBeliefs(
        of client: SessionClient, among clients: [SessionClient], _ table: TableJudge, at real: Int64
    )
        -> String?
    {
        let now = client.clock.reading(at: real)
        for handle in client.handles where handle.believes(at: now) {
            let rival = rival(of: handle.grant, among: clients, at: real)
            if !promisesBelief {
                if rival != nil { overlaps += 1 }
            } else if let rival {
                return "S5: clients \(rival.client) and \(client.index) both believe to hold "
                    + "\(Account.of(handle.grant.names)), by tokens \(rival.token) and \(handle.grant.token)"
            } else if !waived.contains(handle.grant.token), !table.holds(handle.grant) {
                return "S5: client \(client.index) believes in token \(handle.grant.token) of "
                    + "\(Account.of(handle.grant.names)), which is over"
            }
        }
        return nil
    }

    private func rival(of grant: GrantRecord, among clients: [SessionClient], at real: Int64) -> (
        client: Int, token: FencingToken
    )? {
        for client in clients {
            for handle in client.handles where conflicts(handle.grant, grant) {
                if handle.believes(at: client.clock.reading(at: real)) { return (client.index, handle.grant.token) }
            }
        }
        return nil
    }

    /// S5 for those whose grants have just ended.
    func judgeEnds(_ effects: [Effect], of clients: [SessionClient], at real: Int64) -> String? {
        guard promisesBelief else { return nil }
        for effect in effects {
            switch effect {
            case .released(let event), .expired(let event, _):
                if let client = clients.first(where: { $0.believes(in: event.token, at: real) }),
                    !waived.contains(event.token)
                {
                    return
                        "S5: client \(client.index) believes in token \(event.token) of \(event.name), which has just ended"
                }
            default: break
            }
        }
        return nil
    }

    private func conflicts(_ one: GrantRecord, _ other: GrantRecord) -> Bool {
        guard one.token != other.token, one.mode == .exclusive || other.mode == .exclusive,
            !waived.contains(one.token), !waived.contains(other.token)
        else { return false }
        return one.names.contains { other.names.contains($0) }
    }
}
