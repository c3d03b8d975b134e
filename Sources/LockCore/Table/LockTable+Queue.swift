extension LockTable {
    /// Lets a request stand in the queue of each of its names: served at once if its priority brings it to the front, else waiting.
    mutating func enqueue(
        _ command: Command.Acquire, _ session: Slot<SessionRecord>, _ effects: inout [Effect]
    ) -> Answer {
        guard !isFull(command) else { return .refused(.tooManyWaiters) }
        let waiter = insertWaiter(newWaiter(command, session))
        if mayBeServed(waiter) {
            countOvertakings(by: waiter)
            removeWaiter(waiter)
            return grant(command, session, &effects)
        }
        guard let deadline = command.waitUntil, deadline > logTime else {
            removeWaiter(waiter)
            return .busy
        }
        if let circle = circle(through: waiter), !makes(.circleAccepted) {
            removeWaiter(waiter)
            effects.append(.deadlockFound(circle))
            return .refused(.deadlock(circle))
        }
        countOvertakings(by: waiter)
        effects.append(.queued(event(of: waiter)))
        return .queued
    }

    private func isFull(_ command: Command.Acquire) -> Bool {
        command.names.contains { name in
            lockIndex[name].map { lockSlab[$0].waiterCount >= limits.waitersPerName } ?? false
        }
    }

    private mutating func newWaiter(_ command: Command.Acquire, _ session: Slot<SessionRecord>) -> WaiterRecord {
        defer { nextArrival += 1 }
        return WaiterRecord(
            session: session, command: command, deadline: command.waitUntil ?? logTime, since: logTime,
            priority: effectivePriority(command), arrival: nextArrival)
    }

    /// RULES 14: at most the asked priority, and below that of every waiter which was overtaken often enough.
    private func effectivePriority(_ command: Command.Acquire) -> Int8 {
        // An owner that waits elsewhere must not jump a queue: it could close a circle unseen.
        guard owners[command.owner]?.waiters.isEmpty ?? true else {
            return min(command.priority, lowestPriority(command))
        }
        var priority = command.priority
        guard !makes(.unboundedOvertaking) else { return priority }
        for name in command.names {
            var cursor = lockIndex[name].flatMap { lockSlab[$0].queue.last }
            while let entry = cursor {
                let other = waiterSlab[queueSlab[entry].waiter]
                // The queue is sorted: from here on nobody would be overtaken.
                if other.priority >= priority { break }
                if other.overtaken >= Limits.overtakings { priority = other.priority }
                cursor = queueSlab[entry].links.previous
            }
        }
        return priority
    }

    private func lowestPriority(_ command: Command.Acquire) -> Int8 {
        let tails = command.names.compactMap { lockIndex[$0].flatMap { lockSlab[$0].queue.last } }
        return tails.map { waiterSlab[queueSlab[$0].waiter].priority }.min() ?? command.priority
    }

    /// Enters a waiter, at its place, into the queues of its names, its session and its owner.
    mutating func insertWaiter(_ record: WaiterRecord) -> Slot<WaiterRecord> {
        let slot = waiterSlab.insert(record)
        let command = record.command
        waiterSlab[slot].entries = command.names.map { name in
            insertEntry(slot, lock(named: name, kind: command.mode.kind))
        }
        waiterSlab.append(slot, to: &sessionSlab[record.session].waiters, WaiterRecord.InSession.self)
        sessionSlab[record.session].waiterCount += 1
        waiterSlab.append(slot, to: &owners[command.owner, default: OwnerRecord()].waiters, WaiterRecord.OfOwner.self)
        waiterIndex[RequestKey(session: command.session, request: command.request)] = slot
        recordSum &+= hash(waiterSlab[slot])
        setTimer(slot)
        return slot
    }

    private mutating func insertEntry(_ waiter: Slot<WaiterRecord>, _ lock: Slot<LockRecord>) -> Slot<QueueRecord> {
        let entry = queueSlab.insert(QueueRecord(waiter: waiter, lock: lock))
        var neighbour = lockSlab[lock].queue.last
        if makes(.lastInFirstOut) { neighbour = nil }
        while let other = neighbour, comesBefore(waiter, queueSlab[other].waiter) {
            neighbour = queueSlab[other].links.previous
        }
        queueSlab.insert(entry, after: neighbour, in: &lockSlab[lock].queue, QueueRecord.InQueue.self)
        countWaiter(waiter, in: lock, by: 1)
        if waiterSlab[waiter].command.mode == .exclusive, !isBehindExclusive(entry) {
            lockSlab[lock].firstExclusiveWaiter = entry
        }
        return entry
    }

    /// Whether an exclusive waiter comes before this place; the order is the same in all queues.
    func isBehindExclusive(_ entry: Slot<QueueRecord>) -> Bool {
        guard let first = lockSlab[queueSlab[entry].lock].firstExclusiveWaiter else { return false }
        return comesBefore(queueSlab[first].waiter, queueSlab[entry].waiter)
    }

    private func comesBefore(_ one: Slot<WaiterRecord>, _ other: Slot<WaiterRecord>) -> Bool {
        let (priority, other) = (waiterSlab[one].priority, (waiterSlab[other].priority, waiterSlab[other].arrival))
        return priority == other.0 ? waiterSlab[one].arrival < other.1 : priority > other.0
    }

    private mutating func countWaiter(_ waiter: Slot<WaiterRecord>, in lock: Slot<LockRecord>, by step: Int) {
        let command = waiterSlab[waiter].command
        lockSlab[lock].waiterCount += step
        if command.fairness == .fair { lockSlab[lock].fairWaiters += step }
        if command.mode == .exclusive { lockSlab[lock].exclusiveWaiters += step }
    }

    /// Once for each waiter, in however many queues it is overtaken: its bound would be passed otherwise.
    private mutating func countOvertakings(by waiter: Slot<WaiterRecord>) {
        var counted: Set<Slot<WaiterRecord>> = []
        for entry in waiterSlab[waiter].entries {
            var cursor = queueSlab[entry].links.next
            while let behind = cursor {
                let other = queueSlab[behind].waiter
                if makes(.overtakingsCountedTwice) || counted.insert(other).inserted {
                    change(other) { $0.overtaken = $0.overtaken.saturatingAdding(1) }
                }
                cursor = queueSlab[behind].links.next
            }
        }
    }

    mutating func removeWaiter(_ slot: Slot<WaiterRecord>) {
        let record = waiterSlab[slot]
        recordSum &-= hash(record)
        for entry in record.entries {
            let lock = queueSlab[entry].lock
            let wasBeforeReaders = record.command.mode == .exclusive && queueSlab[entry].links.next != nil
            if lockSlab[lock].firstExclusiveWaiter == entry {
                lockSlab[lock].firstExclusiveWaiter = nextExclusive(after: entry)
            }
            queueSlab.unlink(entry, from: &lockSlab[lock].queue, QueueRecord.InQueue.self)
            countWaiter(slot, in: lock, by: -1)
            queueSlab.remove(entry)
            if !makes(.cancelDoesNotServe) || lockSlab[lock].holderCount == 0 && lockSlab[lock].waiterCount == 0 {
                touch(lock, readersToo: wasBeforeReaders)
            }
        }
        waiterSlab.unlink(slot, from: &sessionSlab[record.session].waiters, WaiterRecord.InSession.self)
        sessionSlab[record.session].waiterCount -= 1
        let owner = record.command.owner
        waiterSlab.unlink(slot, from: &owners[owner, default: OwnerRecord()].waiters, WaiterRecord.OfOwner.self)
        owners.remove(owner) { $0.isEmpty }
        waiterIndex[RequestKey(session: record.command.session, request: record.command.request)] = nil
        waiterSlab.remove(slot)
    }

    func nextExclusive(after entry: Slot<QueueRecord>) -> Slot<QueueRecord>? {
        var cursor = queueSlab[entry].links.next
        while let later = cursor, waiterSlab[queueSlab[later].waiter].command.mode != .exclusive {
            cursor = queueSlab[later].links.next
        }
        return cursor
    }

    mutating func endWait(_ slot: Slot<WaiterRecord>, _ end: WaitEnd, _ effects: inout [Effect]) {
        let record = waiterSlab[slot]
        effects.append(.waitEnded(event(of: slot), end))
        if case .refused(let refusal) = end {
            settle(record.session, record.command, .refused(refusal))
        } else {
            settle(record.session, record.command, .busy)
        }
        removeWaiter(slot)
    }

    /// Withdraws a request: a waiting one leaves, a granted one is released, an unknown one needs nothing.
    mutating func cancel(_ session: SessionID, _ request: RequestID, _ effects: inout [Effect]) -> Answer {
        guard sessionIndex[session] != nil else { return .refused(.unknownSession) }
        let key = RequestKey(session: session, request: request)
        if let waiter = waiterIndex[key] {
            endWait(waiter, .cancelled, &effects)
            return .done
        }
        while let part = grantIndex[key] { giveBack(firstPart(of: part), &effects) }
        return .done
    }

    func event(of slot: Slot<WaiterRecord>) -> WaiterEvent {
        let command = waiterSlab[slot].command
        return WaiterEvent(
            names: command.names, session: command.session, request: command.request, owner: command.owner,
            mode: command.mode, note: command.note)
    }
}
