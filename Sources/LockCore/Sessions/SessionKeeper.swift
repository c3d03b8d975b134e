internal import HeapModule

/// The leader's side of sessions (RULES 22): until when each lives by the leader's own clock, which heartbeats wait for the round that
/// proves leadership, and which sessions have an expiry in the log.
///
/// Held in the leader's memory only: heartbeats are no log entries, and a new leader begins with a keeper of its own. Every `now` is a
/// reading of that leader's continuous clock.
package struct SessionKeeper: Sendable {
    /// One heartbeat, so that its sender can be answered.
    package struct Ticket: Sendable, Hashable {
        package var session: SessionID
        /// Tells the driver whom to answer; the keeper only hands it back.
        package var number: UInt64
        package init(session: SessionID, number: UInt64) { (self.session, self.number) = (session, number) }
    }

    /// What came out, in the order it must happen.
    package enum Effect: Sendable, Hashable {
        /// The session lives: its sender may count a full TTL from when it sent the heartbeat.
        case confirm(Ticket)
        /// The session is gone.
        case lost(Ticket)
        /// Leadership ended before it could be told: ask again, elsewhere.
        case unknown(Ticket)
        /// Append this expiry to the log.
        case expire(SessionID, generation: UInt64)
    }

    private enum Phase { case electing, leading, deposed }

    private struct Session {
        var timeToLive: TimeSpan
        var generation: UInt64
        var deadline: ContinuousTime
        /// The generation that an expiry names which is in the log and not applied: heartbeats are parked (RULES 22b).
        var expiring: UInt64?
        var parked: [Ticket] = []
    }

    /// One for each session, never later than its deadline.
    private struct Due: Comparable {
        var time: ContinuousTime
        var session: SessionID
        static func < (left: Due, right: Due) -> Bool {
            left.time == right.time ? left.session < right.session : left.time < right.time
        }
    }

    private var phase = Phase.electing
    private var sessions: [SessionID: Session] = [:]
    private var dues = Heap<Due>()
    private var awaitingRound: [Ticket] = []
    private var inRound: (number: UInt64, tickets: [Ticket])?
    private var rounds: UInt64 = 0
    /// Forced releases in the log and not applied, and the heartbeats that wait for them.
    private var pendingRevocations = 0
    private var behindRevocations: [Ticket] = []

    #if DEBUG || PlantedBugs
        /// Test-only: a mistake this keeper makes on purpose.
        var plantedBug: KeeperBug?
    #endif

    /// The keeper of a leader that was just elected: it confirms and expires nothing before its barrier is applied.
    package init() {}

    /// When ``timeAdvanced(to:effects:)`` next has something to do; `nil`: nothing is known to run out.
    package var nextDue: ContinuousTime? { phase == .leading ? dues.min?.time : nil }

    /// Whether a heartbeat waits for a round that has not started.
    package var wantsRound: Bool { phase == .leading && inRound == nil && !awaitingRound.isEmpty }

    // MARK: Leadership

    /// The barrier of the own term is applied: every session starts at its full TTL (S3, RULES 22c).
    package mutating func barrierApplied(_ views: [SessionView], at now: ContinuousTime) {
        phase = .leading
        for view in views { begin(view, at: now) }
    }

    /// Leadership is over: what was not answered is unknown.
    package mutating func deposed(effects: inout [Effect]) {
        phase = .deposed
        for due in dues.unordered { effects += (sessions[due.session]?.parked ?? []).map(Effect.unknown) }
        effects += (behindRevocations + (inRound?.tickets ?? []) + awaitingRound).map(Effect.unknown)
        (sessions, dues, awaitingRound, inRound, behindRevocations) = ([:], Heap(), [], nil, [])
    }

    /// The leader stood still: heartbeats may lie unread, so every session gets its full TTL before anyone expires.
    package mutating func paused(at now: ContinuousTime) {
        for due in dues.unordered {
            guard let session = sessions[due.session] else { continue }
            sessions[due.session]?.deadline = now + session.timeToLive
        }
    }

    // MARK: Sessions, as the log says

    /// An opening was applied; opening again an open session moves its deadline too (RULES 22e).
    package mutating func opened(_ view: SessionView, at now: ContinuousTime) {
        guard phase == .leading else { return }
        if sessions[view.id] == nil { return begin(view, at: now) }
        if !isExpiring(view.id) { sessions[view.id]?.deadline = now + view.timeToLive }
    }

    /// A logged renewal was applied, or an expiry that found the session renewed: it lives on with this generation.
    package mutating func renewed(_ view: SessionView, at now: ContinuousTime) {
        guard phase == .leading, let session = sessions[view.id] else { return }
        sessions[view.id]?.generation = view.generation
        // A later expiry may be in the log by now: that one counts.
        guard let named = session.expiring, named != view.generation else { return }
        sessions[view.id]?.expiring = nil
        sessions[view.id]?.parked = []
        sessions[view.id]?.deadline = now + session.timeToLive
        dues.insert(Due(time: now + session.timeToLive, session: view.id))
        // Their round is yet to come.
        awaitingRound += session.parked
    }

    /// A closing or an expiry was applied.
    package mutating func ended(_ id: SessionID, effects: inout [Effect]) {
        guard let session = sessions.removeValue(forKey: id) else { return }
        effects += session.parked.map(Effect.lost)
    }

    /// A forced release was appended: until it is applied nobody is confirmed.
    ///
    /// A revoked grant ends one TTL after its forced release was stamped. A heartbeat that was sent later and confirmed before the
    /// release is applied would not tell of it, and its sender would believe for longer (RULES 19, 22b).
    package mutating func revocationAppended() { pendingRevocations += 1 }

    /// A forced release was applied: confirmations can tell of it.
    package mutating func revocationApplied(at now: ContinuousTime, effects: inout [Effect]) {
        pendingRevocations = max(0, pendingRevocations - 1)
        guard pendingRevocations == 0 else { return }
        let tickets = behindRevocations
        behindRevocations = []
        for ticket in tickets { confirm(ticket, at: now, &effects) }
    }

    private mutating func begin(_ view: SessionView, at now: ContinuousTime) {
        let span = makes(.newLeaderCountsShort) ? view.timeToLive / 4 : view.timeToLive
        sessions[view.id] = Session(
            timeToLive: view.timeToLive, generation: view.generation, deadline: now + span)
        dues.insert(Due(time: now + span, session: view.id))
    }

    // MARK: Heartbeats

    /// A heartbeat arrived: it counts from now, and is answered after a round that starts later (RULES 22a).
    package mutating func heartbeatArrived(_ ticket: Ticket, at now: ContinuousTime, effects: inout [Effect]) {
        if makes(.actsBeforeBarrier), phase == .electing { return effects.append(.confirm(ticket)) }
        if makes(.confirmsWithoutRound) { return confirm(ticket, at: now, &effects) }
        guard phase == .leading else { return effects.append(.unknown(ticket)) }
        if !isExpiring(ticket.session), !makes(.deadlineMovesOnConfirmation) { extend(ticket.session, at: now) }
        if makes(.earlierRoundCounts), inRound != nil {
            inRound?.tickets.append(ticket)
        } else {
            awaitingRound.append(ticket)
        }
    }

    /// A round begins now that asks the voters whether this is still the leader, for all heartbeats that wait.
    ///
    /// - Returns: The round's number, to be given back when it succeeds.
    package mutating func roundStarted() -> UInt64? {
        guard wantsRound else { return nil }
        rounds += 1
        (inRound, awaitingRound) = ((rounds, awaitingRound), [])
        return rounds
    }

    /// A majority said so.
    package mutating func roundConfirmed(_ number: UInt64, at now: ContinuousTime, effects: inout [Effect]) {
        guard let round = inRound, round.number == number else { return }
        inRound = nil
        for ticket in round.tickets { confirm(ticket, at: now, &effects) }
    }

    private mutating func confirm(_ ticket: Ticket, at now: ContinuousTime, _ effects: inout [Effect]) {
        guard let session = sessions[ticket.session] else {
            return effects.append(phase == .deposed ? .unknown(ticket) : .lost(ticket))
        }
        if session.expiring != nil, !makes(.confirmsBesidePendingExpire) {
            sessions[ticket.session]?.parked.append(ticket)
            return
        }
        if pendingRevocations > 0, !makes(.confirmsBesidePendingRevocation) { return behindRevocations.append(ticket) }
        if makes(.deadlineMovesOnConfirmation) { extend(ticket.session, at: now) }
        effects.append(.confirm(ticket))
    }

    private func isExpiring(_ id: SessionID) -> Bool { sessions[id]?.expiring != nil }

    private mutating func extend(_ id: SessionID, at now: ContinuousTime) {
        guard let session = sessions[id] else { return }
        sessions[id]?.deadline = max(session.deadline, now + session.timeToLive)
        if makes(.generationCountsHeartbeats) { sessions[id]?.generation += 1 }
    }

    // MARK: Time

    /// Decides which sessions are over; they end when their expiry is applied.
    package mutating func timeAdvanced(to now: ContinuousTime, effects: inout [Effect]) {
        guard phase == .leading else { return }
        while let due = dues.min, due.time <= now {
            dues.removeMin()
            guard let session = sessions[due.session], session.expiring == nil else { continue }
            if session.deadline > now {
                // It was heard of since: look again when that is over.
                dues.insert(Due(time: session.deadline, session: due.session))
                continue
            }
            sessions[due.session]?.expiring = session.generation
            effects.append(.expire(due.session, generation: session.generation))
        }
    }
}
