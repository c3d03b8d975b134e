internal import HeapModule

// The short way of `LockTable+Uncontended` for a name that is fought for: one more exclusive request at the end of its queue, and a
// release that grants the first of them.

extension LockTable {
    /// Lets a request wait at the end of the queue of a name that is held exclusively.
    ///
    /// - Parameters:
    ///   - command: One name, exclusively, on no terms.
    ///   - now: When.
    /// - Returns: Whether it waits; else nothing happened, and `apply` decides.
    package mutating func queuePlainly(_ command: Command.Acquire, at now: LogTime) -> Bool {
        guard command.isPlain, isQuiet(at: now), recoveringUntil == nil, nextToken != nil,
            let deadline = command.waitUntil, deadline > max(logTime, min(now, .latest)),
            command.note.byteCount <= HolderNote.maximumByteCount, let session = sessionIndex[command.session],
            let lock = lockIndex[command.names[0]], mayQueueLast(command, in: lock),
            sessionSlab[session].grantCount + sessionSlab[session].waiterCount < limits.grantsPerSession
        else { return false }
        let key = RequestKey(session: command.session, request: command.request)
        guard grantIndex[key] == nil, waiterIndex[key] == nil else { return false }
        logTime = max(logTime, min(now, .latest))
        let waiter = waiterSlab.insert(
            WaiterRecord(
                session: session, command: command, deadline: deadline, since: logTime, priority: 0,
                arrival: nextArrival))
        nextArrival += 1
        enter(waiter, command.owner, session, lock, isFair: command.fairness == .fair)
        waiterIndex.insert(key, waiter)
        if keepsDigest { recordSum &+= hash(waiterSlab[waiter]) }
        if deadline < .distantFuture { setTimer(waiter) }
        return true
    }

    /// Whether the place at the end is the request's, and it can close no circle: its owner holds and awaits nothing else.
    private func mayQueueLast(_ command: Command.Acquire, in lock: Slot<LockRecord>) -> Bool {
        guard lockSlab[lock].exclusiveHolders > 0, lockSlab[lock].kind == .readWrite,
            lockSlab[lock].waiterCount < limits.waitersPerName, owners[command.owner] == nil
        else { return false }
        guard let last = lockSlab[lock].queue.last else { return true }
        return waiterSlab[queueSlab[last].waiter].priority >= 0
    }

    /// Enters a waiter, as the last, into the queue of its one name, its session and its owner.
    private mutating func enter(
        _ waiter: Slot<WaiterRecord>, _ owner: OwnerID, _ session: Slot<SessionRecord>, _ lock: Slot<LockRecord>,
        isFair: Bool
    ) {
        let entry = queueSlab.insert(QueueRecord(waiter: waiter, lock: lock))
        waiterSlab[waiter].entries = [entry]
        queueSlab.append(entry, to: &lockSlab[lock].queue, QueueRecord.InQueue.self)
        lockSlab[lock].waiterCount += 1
        lockSlab[lock].exclusiveWaiters += 1
        if isFair { lockSlab[lock].fairWaiters += 1 }
        if lockSlab[lock].firstExclusiveWaiter == nil { lockSlab[lock].firstExclusiveWaiter = entry }
        waiterSlab.append(waiter, to: &sessionSlab[session].waiters, WaiterRecord.InSession.self)
        sessionSlab[session].waiterCount += 1
        let place = owners.insert(owner, OwnerRecord())
        waiterSlab.append(waiter, to: &owners[at: place].waiters, WaiterRecord.OfOwner.self)
    }

    /// The request that ``passOn(session:name:token:at:)`` would grant, if any.
    package func nextPlainWaiter(of name: LockName) -> RequestID? {
        guard let lock = lockIndex[name], let entry = lockSlab[lock].queue.first else { return nil }
        return waiterSlab[queueSlab[entry].waiter].command.request
    }

    /// Ends a grant of one name, and makes that of the first who waits for it.
    ///
    /// - Parameters:
    ///   - session: The session of the grant.
    ///   - name: Its one name.
    ///   - token: Its token.
    ///   - now: When.
    /// - Returns: The new grant, or `nil` where the case is not that simple; then nothing happened, and `apply` decides.
    package mutating func passOn(
        session: SessionID, name: LockName, token: FencingToken, at now: LogTime
    ) -> GrantRecord? {
        guard isQuiet(at: now), recoveringUntil == nil, let next = nextToken, let lock = lockIndex[name],
            lockSlab[lock].holderCount == 1, let holder = lockSlab[lock].holders.first,
            isPlain(holder, session, token, at: max(logTime, now)), let entry = lockSlab[lock].queue.first,
            case let waiter = queueSlab[entry].waiter, waiterSlab[waiter].command.isPlain,
            sessionSlab[waiterSlab[waiter].session].answers.isEmpty
        else { return nil }
        logTime = max(logTime, min(now, .latest))
        nextTokenValue += 1
        if keepsDigest { recordSum &-= hash(holderSlab[holder]) }
        detach(holder)
        let (heir, command) = (waiterSlab[waiter].session, waiterSlab[waiter].command)
        holderSlab[holder].become(
            heir, command.session, command.owner, command.request, command.names, next, command.note, at: logTime)
        remove(waiter, entry, lock)
        attach(holder)
        if keepsDigest { recordSum &+= hash(holderSlab[holder]) }
        if !timers.isEmpty { pruneTimers() }
        return record(of: holder)
    }

    /// Takes the first waiter from everywhere but its owner, whose holder it becomes.
    private mutating func remove(
        _ waiter: Slot<WaiterRecord>, _ entry: Slot<QueueRecord>, _ lock: Slot<LockRecord>
    ) {
        if keepsDigest { recordSum &-= hash(waiterSlab[waiter]) }
        let (session, isFair) = (waiterSlab[waiter].session, waiterSlab[waiter].command.fairness == .fair)
        let (owner, key) = (waiterSlab[waiter].command.owner, waiterSlab[waiter].requestKey)
        lockSlab[lock].firstExclusiveWaiter = nextExclusive(after: entry)
        queueSlab.unlink(entry, from: &lockSlab[lock].queue, QueueRecord.InQueue.self)
        lockSlab[lock].waiterCount -= 1
        lockSlab[lock].exclusiveWaiters -= 1
        if isFair { lockSlab[lock].fairWaiters -= 1 }
        queueSlab.remove(entry)
        waiterSlab.unlink(waiter, from: &sessionSlab[session].waiters, WaiterRecord.InSession.self)
        sessionSlab[session].waiterCount -= 1
        waiterSlab.unlink(waiter, from: &owners[owner, default: OwnerRecord()].waiters, WaiterRecord.OfOwner.self)
        waiterIndex[key] = nil
        waiterSlab.remove(waiter)
    }
}

extension Command.Acquire {
    /// Whether it asks for one name, exclusively, on no terms: what the short ways take.
    package var isPlain: Bool {
        names.count == 1 && mode == .exclusive && dedup == nil && ifOwned == .wait && priority == 0
            && lockDelay.nanoseconds == 0 && minimumHold.nanoseconds == 0 && maximumHold == nil
    }
}

extension WaiterRecord {
    var requestKey: RequestKey { RequestKey(session: command.session, request: command.request) }
}
