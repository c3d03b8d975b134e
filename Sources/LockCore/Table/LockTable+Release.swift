extension LockTable {
    mutating func release(_ command: Command.Release, _ effects: inout [Effect]) -> Answer {
        guard let session = sessionIndex[command.session] else { return .refused(.unknownSession) }
        guard command.dedup != nil else { return releaseOnce(command, &effects) }
        return once(session, command.dedup, fingerprint(of: command)) { table in
            table.releaseOnce(command, &effects)
        }
    }

    private func fingerprint(of command: Command.Release) -> UInt64 {
        var hash = RecordHash(kind: 12)
        hash.combine(command.token.rawValue)
        for name in command.names { hash.combine(name.text) }
        return hash.value
    }

    /// S7: frees what the session holds under this very token, and nothing else.
    private mutating func releaseOnce(_ command: Command.Release, _ effects: inout [Effect]) -> Answer {
        guard (1...Limits.namesPerRequest).contains(command.names.count) else { return .refused(.badNames) }
        let names = distinct(command.names)
        var freed = 0
        for name in names {
            guard let slot = holder(of: name, command.token, session: command.session) else { continue }
            if holderSlab[slot].count > 1 {
                change(slot) { $0.count -= 1 }
            } else {
                giveBack(slot, &effects)
            }
            freed += 1
        }
        return freed == names.count ? .released : .notHeld
    }

    private func distinct(_ names: [LockName]) -> [LockName] {
        guard names.count > 1 else { return names }
        let sorted = names.sorted()
        return sorted.enumerated().filter { $0.offset == 0 || sorted[$0.offset - 1] != $0.element }.map(\.element)
    }

    /// A clean release, or the acknowledgement of a forced one: only the latter leaves a lock-delay (S10).
    mutating func giveBack(_ slot: Slot<HolderRecord>, _ effects: inout [Effect]) {
        effects.append(.released(event(of: slot)))
        let forced = holderSlab[slot].phase != .held && !makes(.acknowledgementWithoutDelay)
        retire(slot, delay: forced || makes(.lockDelayAfterRelease) ? holderSlab[slot].lockDelay : .zero)
    }

    /// The session's live holder of `name` under `token`.
    func holder(of name: LockName, _ token: FencingToken, session: SessionID) -> Slot<HolderRecord>? {
        guard let lock = lockIndex[name] else { return nil }
        if makes(.releaseWithoutToken), let any = lockSlab[lock].holders.first, holderSlab[any].isLive { return any }
        guard let slot = holder(in: lock, token), holderSlab[slot].isLive, holderSlab[slot].sessionID == session else {
            return nil
        }
        return slot
    }

    /// Whether the session holds this very grant on all its names, unrevoked.
    package func holds(
        _ names: [LockName], _ token: FencingToken, session: SessionID, request: RequestID
    ) -> Bool {
        !names.isEmpty
            && names.allSatisfy { name in
                guard let slot = holder(of: name, token, session: session) else { return false }
                return holderSlab[slot].phase == .held && holderSlab[slot].request == request
            }
    }

    func holder(in lock: Slot<LockRecord>, _ token: FencingToken) -> Slot<HolderRecord>? {
        // Beside an exclusive holder there is no other, so that the first is the one or the index knows it.
        if let slot = lockSlab[lock].holders.first, holderSlab[slot].token == token { return slot }
        return sharedHolderIndex[HolderKey(lock: lock, token: token)]
    }

    func isLive(_ token: FencingToken, of name: LockName) -> Bool {
        guard let lock = lockIndex[name], let slot = holder(in: lock, token) else { return false }
        return holderSlab[slot].phase == .held
    }

    /// Its owner is gone: the entry goes, or stays to keep the name closed for lock-delay or minimum hold.
    mutating func retire(_ slot: Slot<HolderRecord>, delay: TimeSpan) {
        let delay = makes(.lockDelaySkipped) ? .zero : delay
        let delayEnd = logTime + delay
        let end = max(delayEnd, holderSlab[slot].minimumHoldEnd)
        guard end > logTime else { return removeHolder(slot) }
        detach(slot)
        change(slot) { $0.phase = delay > .zero && delayEnd >= end ? .lockDelay(until: end) : .minimumHold(until: end) }
        setTimer(slot)
    }

    mutating func removeHolder(_ slot: Slot<HolderRecord>) {
        detach(slot)
        let (lock, mode, token) = (holderSlab[slot].lock, holderSlab[slot].mode, holderSlab[slot].token)
        recordSum &-= hash(holderSlab[slot])
        holderSlab.unlink(slot, from: &lockSlab[lock].holders, HolderRecord.InLock.self)
        count(mode, in: lock, by: -1)
        if mode != .exclusive { sharedHolderIndex[HolderKey(lock: lock, token: token)] = nil }
        holderSlab.remove(slot)
        touch(lock, readersToo: mode == .exclusive)
    }

    /// Takes the holder from its session and its owner.
    mutating func detach(_ slot: Slot<HolderRecord>) {
        guard let session = holderSlab[slot].session else { return }
        holderSlab.unlink(slot, from: &sessionSlab[session].holders, HolderRecord.InSession.self)
        sessionSlab[session].grantCount -= 1
        let owner = holderSlab[slot].owner
        if let place = owners.position(of: owner) {
            holderSlab.unlink(slot, from: &owners[at: place].holders, HolderRecord.OfOwner.self)
            if owners[at: place].isEmpty { owners.remove(at: place) }
        }
        holderSlab[slot].session = nil
        forgetGrant(slot)
    }

    /// The index goes on to another live part of the grant, or forgets it with its last.
    private mutating func forgetGrant(_ slot: Slot<HolderRecord>) {
        let key = holderSlab[slot].requestKey
        if holderSlab[slot].names.count == 1 { return grantIndex.remove(key) { $0 == slot } }
        guard grantIndex[key] == slot else { return }
        grantIndex[key] = liveParts(of: slot).first
    }

    private func liveParts(of slot: Slot<HolderRecord>) -> [Slot<HolderRecord>] {
        let record = holderSlab[slot]
        return record.names.compactMap { name in
            guard let lock = lockIndex[name], let part = holder(in: lock, record.token) else { return nil }
            return holderSlab[part].session == nil ? nil : part
        }
    }

    /// The live part of the grant that comes first, so that parts end in the order of their names.
    func firstPart(of slot: Slot<HolderRecord>) -> Slot<HolderRecord> {
        holderSlab[slot].names.count == 1 ? slot : liveParts(of: slot).first ?? slot
    }

    mutating func downgrade(_ command: Command.Release, _ effects: inout [Effect]) -> Answer {
        guard let session = sessionIndex[command.session] else { return .refused(.unknownSession) }
        var fingerprint = RecordHash(kind: 13)
        fingerprint.combine(command.token.rawValue)
        for name in command.names { fingerprint.combine(name.text) }
        return once(session, command.dedup, fingerprint.value) { $0.downgradeOnce(command, &effects) }
    }

    private mutating func downgradeOnce(_ command: Command.Release, _ effects: inout [Effect]) -> Answer {
        let names = distinct(command.names)
        let own = names.compactMap { holder(of: $0, command.token, session: command.session) }
        guard let first = own.first, own.count == names.count, own.allSatisfy({ holderSlab[$0].phase == .held }) else {
            return .notHeld
        }
        if case .permits = holderSlab[first].mode { return .refused(.notExclusive) }
        // A grant has one mode: half of it cannot become shared.
        guard names.count == holderSlab[first].names.count else { return .refused(.badNames) }
        guard holderSlab[first].mode == .exclusive else { return .downgraded(record(of: first)) }
        for slot in own { makeShared(slot) }
        effects.append(.downgraded(record(of: first)))
        return .downgraded(record(of: first))
    }

    private mutating func makeShared(_ slot: Slot<HolderRecord>) {
        let lock = holderSlab[slot].lock
        count(.exclusive, in: lock, by: -1)
        change(slot) { $0.mode = .shared }
        count(.shared, in: lock, by: 1)
        sharedHolderIndex[HolderKey(lock: lock, token: holderSlab[slot].token)] = slot
        touch(lock, readersToo: true)
    }
}
