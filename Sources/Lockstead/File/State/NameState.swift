package import LockCore

/// All that is known of one lock: a one-name `LockTable`, and who keeps which of its sessions alive.
///
/// Pure. The shell loads it under the state lock, lets it judge the living, applies commands, and carries out what it then asks for:
/// `isChanged` and `mustBeDurable` (write it, sync it), `roused` (wake these sessions), `ended` (their lifelines go).
package struct NameState: Sendable {
    package let name: LockName
    package var boot: BootIdentity
    /// Log time minus this boot's continuous time.
    package var offset: Int64
    /// Written without its history (RULES 11): nothing is granted before, unless no lifeline of before is left.
    package var graceUntil: LogTime?
    /// By session.
    package var entries: [SessionEntry]
    package var table: LockTable
    package var journal: ChangeJournal

    package var isChanged = false
    /// Nothing to write, but what is about to be told must be on the disk: another process may have died before its sync.
    package var mustBeDurable = false
    package private(set) var roused: [SessionID] = []
    package private(set) var ended: [SessionID] = []

    /// The state of a name that has none.
    ///
    /// Tokens start at the wall clock's microseconds, so that they stay above those of any state that was here before
    /// (RULES 7).
    package init(name: LockName, boot: BootIdentity, now: ContinuousTime, wallClockNanoseconds: Int64) {
        (self.name, self.boot, self.offset) = (name, boot, 0)
        let floor = min(max(1, UInt64(max(0, wallClockNanoseconds)) / 1000), FencingToken.maximum.rawValue)
        table = LockTable(firstToken: FencingToken(rawValue: floor), at: LogTime(now))
        (entries, journal) = ([], ChangeJournal())
    }

    package init(
        name: LockName, boot: BootIdentity, offset: Int64, graceUntil: LogTime?, entries: [SessionEntry],
        table: LockTable, journal: ChangeJournal
    ) {
        (self.name, self.boot, self.offset, self.graceUntil) = (name, boot, offset, graceUntil)
        (self.entries, self.table, self.journal) = (entries, table, journal)
    }

    /// The state without what its last command asked of the shell, which is done.
    var settled: NameState {
        var state = self
        (state.isChanged, state.mustBeDurable, state.roused, state.ended) = (false, false, [], [])
        return state
    }

    package func logTime(_ time: ContinuousTime) -> LogTime {
        LogTime(nanoseconds: time.nanoseconds) + TimeSpan(nanoseconds: offset)
    }

    package func continuousTime(_ time: LogTime) -> ContinuousTime {
        ContinuousTime(nanoseconds: time.nanoseconds) - TimeSpan(nanoseconds: offset)
    }

    package func entry(of session: SessionID) -> SessionEntry? { entries.first { $0.session == session } }
}

extension NameState {
    /// Brings the state into this boot and ends the sessions of the dead; call it first.
    ///
    /// No process outlives its boot, so after a new one all sessions are dead. Log time stood still in between (RULES 4).
    package mutating func begin(boot: BootIdentity, now: ContinuousTime, sign: (SessionEntry) -> LifeSign) {
        let isNewBoot = boot != self.boot
        if isNewBoot {
            self.boot = boot
            offset = (table.logTime - LogTime(now)).nanoseconds
            isChanged = true
        }
        var dead: [SessionID] = []
        for index in entries.indices {
            let wasOrphaned = entries[index].isOrphaned
            let lives = !isNewBoot && entries[index].lives(sign(entries[index]), at: now)
            if !lives { dead.append(entries[index].session) }
            if entries[index].isOrphaned != wasOrphaned { isChanged = true }
        }
        for session in dead { _ = apply(.expire(session, generation: 0), at: now) }
        advance(to: now)
    }

    /// Fires what is due; changes nothing where nothing is.
    package mutating func advance(to now: ContinuousTime) {
        guard let due = table.nextDue, due <= logTime(now) else { return }
        _ = apply(.advance, at: now)
    }

    /// Carries a command out and notes whom it concerns.
    package mutating func apply(_ command: Command, at now: ContinuousTime) -> Answer {
        var effects: [Effect] = []
        let answer = table.apply(command, at: logTime(now), effects: &effects)
        isChanged = true
        for effect in effects { note(effect) }
        return answer
    }

    /// Opens the session of one request.
    package mutating func open(_ entry: SessionEntry, at now: ContinuousTime) -> Refusal? {
        if self.entry(of: entry.session) != nil { return nil }
        let answer = apply(.openSession(.init(session: entry.session, timeToLive: entry.lease)), at: now)
        if case .refused(let refusal) = answer { return refusal }
        entries.append(entry)
        return nil
    }

    /// Ends a session cleanly: whatever it holds or awaits is given back.
    package mutating func close(_ session: SessionID, at now: ContinuousTime) {
        _ = apply(.closeSession(session), at: now)
        end(session)
    }

    private mutating func note(_ effect: Effect) {
        for change in LockChange.changes(of: effect) { journal.append(change) }
        switch effect {
        case .granted(let record): roused.append(record.session)
        case .expired(let event, _): roused.append(event.session)
        case .revoked(let event, let reason):
            roused.append(event.session)
            if let index = entries.firstIndex(where: { $0.session == event.session }) {
                entries[index].revocation = reason
            }
        case .waitEnded(let event, _): roused.append(event.session)
        case .sessionLost(let session): end(session)
        case .released, .downgraded, .queued, .deadlockFound, .registerChanged: break
        }
    }

    private mutating func end(_ session: SessionID) {
        guard let index = entries.firstIndex(where: { $0.session == session }) else { return }
        entries.remove(at: index)
        ended.append(session)
    }
}
