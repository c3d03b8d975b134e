internal import HeapModule

/// Something that a record does by itself at a time.
///
/// Entries go stale when the record changes; they are dropped when they surface.
struct TimerRecord: Sendable, Comparable {
    enum Subject: Sendable {
        case waiter(Slot<WaiterRecord>)
        case holder(Slot<HolderRecord>)
        case recovery
        case register(Slot<RegisterRecord>)
    }

    var time: LogTime
    /// Waits end before holders do, and within a kind the order is that of arrival or token: a snapshot changes none of it.
    var rank: UInt8
    var key: UInt64
    var part: UInt8
    var subject: Subject

    private var order: (Int64, UInt8, UInt64, UInt8) { (time.nanoseconds, rank, key, part) }
    static func < (left: TimerRecord, right: TimerRecord) -> Bool { left.order < right.order }
    static func == (left: TimerRecord, right: TimerRecord) -> Bool { left.order == right.order }
}

extension LockTable {
    /// When the table next does something by itself, or `nil`.
    ///
    /// A driver applies `.advance` then.
    package var nextDue: LogTime? { timers.min?.time }

    /// Entries in the heap, stale ones included; bounded by what lives.
    package var timerCount: Int { timers.count }

    mutating func setTimer(_ slot: Slot<WaiterRecord>) {
        let record = waiterSlab[slot]
        guard record.deadline < .distantFuture else { return }
        timers.insert(
            TimerRecord(time: record.deadline, rank: 0, key: record.arrival, part: 0, subject: .waiter(slot)))
    }

    mutating func setTimer(_ slot: Slot<HolderRecord>) {
        let due = holderSlab[slot].due
        guard due < .distantFuture else { return }
        let (token, part) = (holderSlab[slot].token, holderSlab[slot].part)
        timers.insert(TimerRecord(time: due, rank: 1, key: token.rawValue, part: part, subject: .holder(slot)))
    }

    mutating func setTimer(_ slot: Slot<RegisterRecord>) {
        let record = registerSlab[slot]
        guard record.until < .distantFuture else { return }
        timers.insert(
            TimerRecord(
                time: record.until, rank: 3, key: record.revision.rawValue, part: 0, subject: .register(slot)))
    }

    mutating func setRecoveryTimer() {
        guard let recoveringUntil, recoveringUntil < .distantFuture else { return }
        timers.insert(TimerRecord(time: recoveringUntil, rank: 2, key: 0, part: 0, subject: .recovery))
    }

    /// Ends what is due.
    ///
    /// Queues are served afterwards, at the present time: no grant is made in the past.
    mutating func fireTimers(_ effects: inout [Effect]) {
        if let first = timers.min, first.time > logTime { return }
        var due: [TimerRecord] = []
        while let timer = timers.min, timer.time <= logTime {
            due.append(timers.removeMin())
        }
        // All waits that are over end before anything becomes free for them.
        for timer in due.filter({ $0.rank == 0 }) + due.filter({ $0.rank != 0 }) where isCurrent(timer) {
            fire(timer, &effects)
        }
    }

    private mutating func fire(_ timer: TimerRecord, _ effects: inout [Effect]) {
        switch timer.subject {
        case .waiter(let slot):
            if makes(.grantToDeadWaiter) { return }
            endWait(slot, .timedOut, &effects)
        case .holder(let slot):
            holderIsDue(slot, &effects)
        case .recovery:
            recoveringUntil = nil
            touchAllLocks()
        case .register(let slot):
            registerIsDue(slot, &effects)
        }
    }

    private mutating func holderIsDue(_ slot: Slot<HolderRecord>, _ effects: inout [Effect]) {
        let record = holderSlab[slot]
        switch record.phase {
        case .held:
            if makes(.holdLimitIgnored) { return }
            effects.append(.expired(event(of: slot), .holdLimit))
            retire(slot, delay: record.lockDelay)
        case .revoked:
            effects.append(.expired(event(of: slot), .revocation))
            retire(slot, delay: record.lockDelay)
        case .lockDelay, .minimumHold:
            removeHolder(slot)
        }
    }

    /// Whether the record still exists and still has that due time.
    func isCurrent(_ timer: TimerRecord) -> Bool {
        switch timer.subject {
        case .waiter(let slot):
            waiterSlab.contains(slot) && waiterSlab[slot].arrival == timer.key
                && waiterSlab[slot].deadline == timer.time
        case .holder(let slot):
            holderSlab.contains(slot) && holderSlab[slot].token.rawValue == timer.key
                && holderSlab[slot].part == timer.part && holderSlab[slot].due == timer.time
        case .recovery:
            recoveringUntil == timer.time
        case .register(let slot):
            registerSlab.contains(slot) && registerSlab[slot].revision.rawValue == timer.key
                && registerSlab[slot].until == timer.time
        }
    }

    /// Drops stale entries from the top, so that `nextDue` is true, and all of them when they are the most.
    mutating func pruneTimers() {
        while let first = timers.min, !isCurrent(first) {
            timers.removeMin()
        }
        let live = waiterSlab.count + holderSlab.count + registerSlab.count
        if timers.count > 2 * live + 64 { rebuildTimers() }
    }

    private mutating func rebuildTimers() {
        timers = Heap(timers.unordered.filter(isCurrent))
    }
}
