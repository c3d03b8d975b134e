internal import HeapModule

// What `apply` does in by far the most common case, without the detours it takes for all others: one free name, exclusively, on no
// terms (`LockTable+Contended`: one that is held and awaited like that). The outcome is the same to the last record, which the walks
// prove by doing everything twice; only effects are left out, since whoever calls this knows what happened.

extension LockTable {
    /// Grants a name that nobody holds, awaits or keeps closed.
    ///
    /// - Parameters:
    ///   - session: Whose grant it becomes.
    ///   - request: Makes retries of the request one.
    ///   - owner: Who asks.
    ///   - names: One name.
    ///   - note: What the holder says of itself.
    ///   - now: When.
    /// - Returns: The token, or `nil` where the case is not that simple; then nothing happened, and `apply` decides.
    package mutating func acquireUncontended(
        session: SessionID, request: RequestID, owner: OwnerID, names: [LockName], note: HolderNote, at now: LogTime
    ) -> FencingToken? {
        guard names.count == 1, isQuiet(at: now), recoveringUntil == nil, note.byteCount <= HolderNote.maximumByteCount,
            let place = sessionIndex[session], let token = nextToken, lockIndex[names[0]] == nil
        else { return nil }
        let key = RequestKey(session: session, request: request)
        guard sessionSlab[place].grantCount + sessionSlab[place].waiterCount < limits.grantsPerSession,
            grantIndex[key] == nil, waiterIndex[key] == nil
        else { return nil }
        logTime = max(logTime, min(now, .latest))
        nextTokenValue += 1
        let lock = makeLock(names[0])
        guard let holder = holderSlab.reoccupy() else {
            insertHolder(
                HolderRecord(
                    lock: lock, session: place, sessionID: session, owner: owner, request: request, names: names,
                    part: 0, mode: .exclusive, token: token, grantedAt: logTime, lockDelay: .zero,
                    minimumHoldEnd: logTime, maximumHoldEnd: .distantFuture, note: note))
            return token
        }
        holderSlab[holder].lock = lock
        holderSlab[holder].become(place, session, owner, request, names, token, note, at: logTime)
        enter(holder)
        return token
    }

    /// A lock of a name that has none.
    private mutating func makeLock(_ name: LockName) -> Slot<LockRecord> {
        let lock: Slot<LockRecord>
        if let vacant = lockSlab.reoccupy() {
            lock = vacant
            lockSlab[lock].become(name)
        } else {
            lock = lockSlab.insert(LockRecord(name: name, kind: .readWrite))
        }
        lockIndex.insert(name, lock)
        return lock
    }

    /// Frees a name that nobody awaits.
    ///
    /// - Parameters:
    ///   - session: The session of the grant.
    ///   - name: Its one name.
    ///   - token: Its token.
    ///   - now: When; `nil` where no time need pass for it, which only a table without timers allows.
    /// - Returns: Whether it was freed; else nothing happened, and `apply` decides.
    package mutating func releaseUncontended(
        session: SessionID, name: LockName, token: FencingToken, at now: LogTime?
    ) -> Bool {
        guard isQuiet(at: now ?? .latest), let place = lockIndex.position(of: name),
            case let lock = lockIndex[at: place], lockSlab[lock].waiterCount == 0,
            lockSlab[lock].holderCount == 1, let holder = lockSlab[lock].holders.first,
            isPlain(holder, session, token, at: max(logTime, now ?? .zero))
        else { return false }
        logTime = max(logTime, min(now ?? .zero, .latest))
        // To ask for a hash is to copy the record.
        if keepsDigest { recordSum &-= hash(holderSlab[holder]) }
        detach(holder)
        holderSlab.remove(holder)
        lockIndex.remove(at: place)
        lockSlab.remove(lock)
        forgetRegisterIfUnused(name)
        return true
    }

    /// Whether nothing is due, and no mistake is planted.
    func isQuiet(at now: LogTime) -> Bool {
        #if DEBUG || PlantedBugs
            guard plantedBug == nil else { return false }
        #endif
        guard let first = timers.min else { return true }
        return first.time > max(now, logTime)
    }

    /// Whether it is this very grant, and nothing stays behind when it ends.
    func isPlain(
        _ slot: Slot<HolderRecord>, _ session: SessionID, _ token: FencingToken, at now: LogTime
    ) -> Bool {
        holderSlab[slot].token == token && holderSlab[slot].sessionID == session && holderSlab[slot].phase == .held
            && holderSlab[slot].mode == .exclusive && holderSlab[slot].count == 1
            && holderSlab[slot].names.count == 1 && holderSlab[slot].minimumHoldEnd <= now
            && holderSlab[slot].maximumHoldEnd == .distantFuture
    }
}

extension HolderRecord {
    /// Becomes a plain grant, whatever lay here; its lock stays, and it is in no list.
    mutating func become(
        _ session: Slot<SessionRecord>, _ sessionID: SessionID, _ owner: OwnerID, _ request: RequestID,
        _ names: [LockName], _ token: FencingToken, _ note: HolderNote, at now: LogTime
    ) {
        (self.session, self.sessionID) = (session, sessionID)
        (self.owner, self.request, self.names) = (owner, request, names)
        (part, mode, count, phase) = (0, .exclusive, 1, .held)
        (self.token, grantedAt, minimumHoldEnd, maximumHoldEnd) = (token, now, now, .distantFuture)
        (lockDelay, self.note) = (.zero, note)
    }
}

extension LockRecord {
    /// Becomes a lock that nobody holds or awaits, whatever lay here.
    fileprivate mutating func become(_ name: LockName) {
        (self.name, kind, firstExclusiveWaiter) = (name, .readWrite, nil)
        (holders, queue) = (ListEnds(), ListEnds())
        (holderCount, exclusiveHolders, permitsInUse) = (0, 0, 0)
        (waiterCount, fairWaiters, exclusiveWaiters) = (0, 0, 0)
    }
}
