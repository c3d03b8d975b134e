extension LockTable {
    /// Makes the grant; its names are free and its turn has come.
    mutating func grant(
        _ command: Command.Acquire, _ session: Slot<SessionRecord>, _ effects: inout [Effect]
    ) -> Answer {
        let token = FencingToken(rawValue: nextTokenValue)
        if !makes(.tokenReusedForNextGrant) { nextTokenValue += 1 }
        for (part, name) in command.names.enumerated() {
            // A line of its own: as an argument below it would change the table while a copy of it waits, and copy all locks.
            let lock = lock(named: name, kind: command.mode.kind)
            insertHolder(holder(for: command, session, token, part: part, lock: lock))
        }
        let record = GrantRecord(
            session: command.session, request: command.request, owner: command.owner, names: command.names,
            mode: command.mode, token: token, count: 1, grantedAt: logTime,
            maximumHoldEnd: command.maximumHold.map { logTime + $0 }, note: command.note)
        effects.append(.granted(record))
        return .granted(record)
    }

    private func holder(
        for command: Command.Acquire, _ session: Slot<SessionRecord>, _ token: FencingToken, part: Int,
        lock: Slot<LockRecord>
    ) -> HolderRecord {
        HolderRecord(
            lock: lock, session: session, sessionID: command.session, owner: command.owner, request: command.request,
            names: command.names, part: UInt8(part), mode: command.mode, token: token, grantedAt: logTime,
            lockDelay: command.lockDelay, minimumHoldEnd: logTime + command.minimumHold,
            maximumHoldEnd: command.maximumHold.map { logTime + $0 } ?? .distantFuture, note: command.note)
    }

    /// The live record of a name, made if there is none.
    mutating func lock(named name: LockName, kind: LockKind) -> Slot<LockRecord> {
        if let slot = lockIndex[name] { return slot }
        let slot = lockSlab.insert(LockRecord(name: name, kind: kind))
        lockIndex[name] = slot
        return slot
    }

    /// Enters a holder into its lock and, while an owner stands behind it, into its session and its owner.
    @discardableResult
    mutating func insertHolder(_ record: consuming HolderRecord) -> Slot<HolderRecord> {
        let slot = holderSlab.insert(record)
        enter(slot)
        return slot
    }

    /// Enters a holder that lies in its place already.
    mutating func enter(_ slot: Slot<HolderRecord>) {
        let (lock, mode) = (holderSlab[slot].lock, holderSlab[slot].mode)
        holderSlab.append(slot, to: &lockSlab[lock].holders, HolderRecord.InLock.self)
        count(mode, in: lock, by: 1)
        if mode != .exclusive { sharedHolderIndex[HolderKey(lock: lock, token: holderSlab[slot].token)] = slot }
        attach(slot)
        // To ask for a hash is to copy the record.
        if keepsDigest { recordSum &+= hash(holderSlab[slot]) }
        setTimer(slot)
    }

    /// Enters a holder that an owner stands behind into its session and its owner.
    mutating func attach(_ slot: Slot<HolderRecord>) {
        guard let session = holderSlab[slot].session else { return }
        holderSlab.append(slot, to: &sessionSlab[session].holders, HolderRecord.InSession.self)
        sessionSlab[session].grantCount += 1
        let (owner, key) = (holderSlab[slot].owner, holderSlab[slot].requestKey)
        if holderSlab[slot].part == 0 || grantIndex[key] == nil { grantIndex[key] = slot }
        holderSlab.append(slot, to: &owners[owner, default: OwnerRecord()].holders, HolderRecord.OfOwner.self)
    }

    mutating func count(_ mode: LockMode, in lock: Slot<LockRecord>, by step: Int) {
        lockSlab[lock].holderCount += step
        switch mode {
        case .exclusive: lockSlab[lock].exclusiveHolders += step
        case .shared: break
        case .permits(let count, _):
            lockSlab[lock].permitsInUse += step * (makes(.permitMiscounted) && step > 0 ? count - 1 : count)
        }
    }

    func record(of slot: Slot<HolderRecord>) -> GrantRecord { Self.grant(holderSlab[slot]) }

    private static func grant(_ holder: borrowing HolderRecord) -> GrantRecord {
        GrantRecord(
            session: holder.sessionID, request: holder.request, owner: holder.owner, names: holder.names,
            mode: holder.mode, token: holder.token, count: holder.count, grantedAt: holder.grantedAt,
            maximumHoldEnd: holder.maximumHoldEnd < .distantFuture ? holder.maximumHoldEnd : nil, note: holder.note)
    }

    func event(of slot: Slot<HolderRecord>) -> HolderEvent {
        Self.event(of: holderSlab[slot], lockSlab[holderSlab[slot].lock].name)
    }

    private static func event(of holder: borrowing HolderRecord, _ name: LockName) -> HolderEvent {
        HolderEvent(
            name: name, session: holder.sessionID, request: holder.request, owner: holder.owner,
            mode: holder.mode, token: holder.token, note: holder.note)
    }
}
