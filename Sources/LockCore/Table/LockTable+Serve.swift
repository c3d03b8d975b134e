extension LockTable {
    mutating func touch(_ lock: Slot<LockRecord>, readersToo: Bool) {
        touched.append(TouchRecord(lock: lock, readersToo: readersToo))
    }

    /// In byte order of the names: places in a slab differ between replicas.
    mutating func touchAllLocks() {
        for lock in lockSlab.slots.sorted(by: { lockSlab[$0].name < lockSlab[$1].name }) {
            touch(lock, readersToo: true)
        }
    }

    /// Grants what became free, name after name, in the order in which the names became free.
    mutating func serveTouched(_ effects: inout [Effect]) {
        guard !touched.isEmpty else { return }
        var next = 0
        while next < touched.count {
            let touch = touched[next]
            next += 1
            serve(touch, &effects)
        }
        for touch in touched where lockSlab.contains(touch.lock) { forgetIfUnused(touch.lock) }
        touched.removeAll(keepingCapacity: true)
    }

    /// Serves a queue from its head: readers one after the other, others only as the first.
    private mutating func serve(_ touch: TouchRecord, _ effects: inout [Effect]) {
        var cursor = lockSlab[touch.lock].queue.first
        while let entry = cursor {
            let waiter = queueSlab[entry].waiter
            let mode = waiterSlab[waiter].command.mode
            guard isFree(lockSlab[touch.lock], for: mode), touch.readersToo || mode != .shared else { return }
            cursor = queueSlab[entry].links.next
            if mayBeServed(waiter) {
                serve(waiter, &effects)
            } else if mode != .shared {
                return
            }
        }
    }

    private mutating func serve(_ waiter: Slot<WaiterRecord>, _ effects: inout [Effect]) {
        guard nextToken != nil else { return endWait(waiter, .refused(.tokensExhausted), &effects) }
        let record = waiterSlab[waiter]
        removeWaiter(waiter)
        let answer = grant(record.command, record.session, &effects)
        settle(record.session, record.command, answer)
    }

    /// RULES 14: all its names are free, and nobody who conflicts comes before it in any of its queues.
    func mayBeServed(_ waiter: Slot<WaiterRecord>) -> Bool {
        guard recoveringUntil == nil else { return false }
        let mode = waiterSlab[waiter].command.mode
        return waiterSlab[waiter].entries.allSatisfy { entry in
            isFree(lockSlab[queueSlab[entry].lock], for: mode) && !isBehindConflict(entry, mode)
        }
    }

    private func isBehindConflict(_ entry: Slot<QueueRecord>, _ mode: LockMode) -> Bool {
        guard queueSlab[entry].links.previous != nil else { return false }
        guard mode == .shared else { return true }
        return !makes(.readersOvertakeWriter) && isBehindExclusive(entry)
    }

    private mutating func forgetIfUnused(_ lock: Slot<LockRecord>) {
        guard lockSlab[lock].holderCount == 0, lockSlab[lock].waiterCount == 0 else { return }
        let name = lockSlab[lock].name
        lockIndex[name] = nil
        lockSlab.remove(lock)
        forgetRegisterIfUnused(name)
    }
}
