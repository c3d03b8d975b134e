extension LockTable {
    /// RULES 9: ends one exclusive grant and makes another in one step.
    ///
    /// Nobody gets in between, unless a fair waiter is queued.
    mutating func handOver(_ command: Command.HandOver, _ effects: inout [Effect]) -> Answer {
        guard sessionIndex[command.session] != nil else { return .refused(.unknownSession) }
        guard command.to.session == command.session, command.to.names == [command.name] else {
            return .refused(.badNames)
        }
        guard command.to.mode == .exclusive else { return .refused(.notExclusive) }
        if waiter(of: command.to) != nil { return .refused(.requestReused) }
        // Before the old grant is looked for: a retry comes when that is over (S7).
        if let known = knownGrant(of: command.to) { return known }
        guard let old = holder(of: command.name, command.token, session: command.session), isHandable(old) else {
            return .notHeld
        }
        if let refusal = problem(with: command.to) { return .refused(refusal) }
        guard mayHandOver(old, to: command.to) else { return .handOverRefused }
        return replace(old, with: command.to, &effects)
    }

    private func isHandable(_ slot: Slot<HolderRecord>) -> Bool {
        let holder = holderSlab[slot]
        return holder.phase == .held && holder.mode == .exclusive && holder.count == 1 && holder.names.count == 1
    }

    private func mayHandOver(_ old: Slot<HolderRecord>, to command: Command.Acquire) -> Bool {
        // An owner that waits elsewhere must not jump a queue: it could close a circle unseen.
        lockSlab[holderSlab[old].lock].fairWaiters == 0 && holderSlab[old].minimumHoldEnd <= logTime
            && owners[command.owner]?.waiters.isEmpty ?? true
    }

    private mutating func replace(
        _ old: Slot<HolderRecord>, with command: Command.Acquire, _ effects: inout [Effect]
    ) -> Answer {
        guard let session = holderSlab[old].session else { return .notHeld }
        let oldToken = holderSlab[old].token
        effects.append(.released(event(of: old)))
        removeHolder(old)
        let next = nextTokenValue
        if makes(.handOverKeepsToken) { nextTokenValue = oldToken.rawValue }
        let answer = grant(command, session, &effects)
        nextTokenValue = max(nextTokenValue, next)
        return answer
    }
}
