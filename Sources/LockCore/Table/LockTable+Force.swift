extension LockTable {
    /// RULES 19: the holders are told to stop; the name opens when they acknowledged or their leases have run out,
    /// then after the lock-delay.
    ///
    /// `now` opens it at once, delays included.
    mutating func forceRelease(_ command: Command.ForceRelease, _ effects: inout [Effect]) -> Answer {
        guard command.reason.utf8.count <= Limits.reasonBytes else { return .refused(.noteTooLong) }
        guard let lock = lockIndex[command.name] else { return .revoked([], waitsAtMost: .zero) }
        var revoked: [FencingToken] = []
        var latest = logTime
        for slot in holderSlab.list(lockSlab[lock].holders, HolderRecord.InLock.self) {
            if holderSlab[slot].isLive {
                revoked.append(holderSlab[slot].token)
                effects.append(.revoked(event(of: slot), reason: command.reason))
            }
            if command.now {
                removeHolder(slot)
            } else {
                revoke(slot)
                latest = max(latest, holderSlab[slot].due)
            }
        }
        return .revoked(revoked, waitsAtMost: latest - logTime)
    }

    private mutating func revoke(_ slot: Slot<HolderRecord>) {
        guard holderSlab[slot].phase == .held, let session = holderSlab[slot].session else { return }
        // No heartbeat extends a revoked grant, so its belief ends within one lease from now.
        let until = min(logTime + sessionSlab[session].timeToLive, holderSlab[slot].maximumHoldEnd)
        change(slot) { $0.phase = .revoked(until: until) }
        setTimer(slot)
    }

    mutating func configure(_ change: Command.Configure, _ effects: inout [Effect]) -> Answer {
        switch change {
        case .raiseToken(let least):
            nextTokenValue = max(nextTokenValue, min(least.rawValue, FencingToken.maximum.rawValue))
        case .recover(let until):
            recover(until: until, &effects)
        case .longestLease(let span):
            guard span > .zero else { return .refused(.badLease) }
            longestLease = span
        case .raiseFeatureLevel(let level):
            guard level >= featureLevel else { return .refused(.downgradeOfFeatureLevel) }
            featureLevel = level
        }
        return .done
    }

    /// RULES 11: history is incomplete.
    ///
    /// Drop all sessions, and grant nothing while an unknown holder may believe in its lease.
    private mutating func recover(until: LogTime, _ effects: inout [Effect]) {
        recoveringUntil = until > logTime ? until : nil
        let all = sessionSlab.slots.sorted { sessionSlab[$0].id < sessionSlab[$1].id }
        for slot in all { loseSession(slot, &effects) }
        setRecoveryTimer()
    }
}
