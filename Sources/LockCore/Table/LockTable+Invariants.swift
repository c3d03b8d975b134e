internal import HeapModule

extension LockTable {
    /// The first broken invariant in words, or `nil`.
    ///
    /// Walks the whole table: for tests, simulation and restored snapshots.
    package func invariantViolation() -> String? {
        ruleViolation() ?? registerProblem() ?? indexProblem() ?? grantProblem() ?? answerProblem() ?? timerProblem()
            ?? circleProblem()
    }

    /// The first broken rule of locks and queues in words, or `nil`: what can be looked at after each of many million steps.
    package func ruleViolation() -> String? {
        for slot in lockSlab.slots {
            if let problem = exclusionProblem(slot) ?? queueProblem(slot) {
                return "\(lockSlab[slot].name): \(problem)"
            }
        }
        return recordProblem() ?? linkProblem()
    }

    /// Holders and locks, both ways: sessions list exactly what names them.
    private func linkProblem() -> String? {
        var (holders, waiters) = (0, 0)
        for slot in sessionSlab.slots {
            var cursor = sessionSlab[slot].holders.first
            var count = 0
            while let holder = cursor {
                if holderSlab[holder].session != slot { return "a session lists the holder of another" }
                count += 1
                cursor = holderSlab[holder].inSession.next
            }
            if count != sessionSlab[slot].grantCount { return "a session's count of grants is wrong" }
            holders += count
            waiters += sessionSlab[slot].waiterCount
        }
        let live = holderSlab.slots.count { holderSlab[$0].isLive }
        return holders == live && waiters == waiterSlab.count ? nil : "sessions and locks disagree"
    }

    /// S1, and the counts that decide it.
    private func exclusionProblem(_ slot: Slot<LockRecord>) -> String? {
        let lock = lockSlab[slot]
        var (holders, exclusive, permits, last) = (0, 0, 0, FencingToken(rawValue: 0))
        var cursor = lock.holders.first
        while let holder = cursor {
            let mode = holderSlab[holder].mode
            if mode.kind != lock.kind { return "a holder of another kind" }
            if mode == .exclusive { exclusive += 1 }
            if case .permits(let count, _) = mode { permits += count }
            let token = holderSlab[holder].token
            // Lists of holders are in the order of their grants.
            if holders > 0, token <= last { return "S2: two holders share a token" }
            (holders, last, cursor) = (holders + 1, token, holderSlab[holder].inLock.next)
        }
        if exclusive > 1 || exclusive == 1 && holders > 1 { return "S1: an exclusive holder is not alone" }
        if case .semaphore(let limit) = lock.kind, permits > limit {
            return "S1: \(permits) of \(limit) permits are out"
        }
        guard lock.holderCount == holders, lock.exclusiveHolders == exclusive, lock.permitsInUse == permits else {
            return "its counts of holders are wrong"
        }
        return lock.holderCount == 0 && lock.waiterCount == 0 ? "an unused lock is kept" : nil
    }

    /// The queue is in order, and its head is blocked by something.
    private func queueProblem(_ slot: Slot<LockRecord>) -> String? {
        let lock = lockSlab[slot]
        var (waiters, fair, exclusive, last) = (0, 0, 0, (Int.min, UInt64(0)))
        var firstExclusive: Slot<QueueRecord>?
        var cursor = lock.queue.first
        while let entry = cursor {
            let waiter = queueSlab[entry].waiter
            let place = (-Int(waiterSlab[waiter].priority), waiterSlab[waiter].arrival)
            if waiters > 0, place <= last { return "S9: its queue is out of order" }
            if waiterSlab[waiter].command.fairness == .fair { fair += 1 }
            if waiterSlab[waiter].command.mode == .exclusive {
                exclusive += 1
                firstExclusive = firstExclusive ?? entry
            }
            if mayBeServed(waiter) { return "L3: a waiter is blocked by nothing" }
            if waiterSlab[waiter].overtaken > Limits.overtakings { return "a waiter was overtaken too often" }
            (waiters, last, cursor) = (waiters + 1, place, queueSlab[entry].links.next)
        }
        guard lock.waiterCount == waiters, lock.fairWaiters == fair, lock.exclusiveWaiters == exclusive else {
            return "its counts of waiters are wrong"
        }
        return lock.firstExclusiveWaiter == firstExclusive ? nil : "its first exclusive waiter is not the first"
    }

    private func recordProblem() -> String? {
        for slot in holderSlab.slots {
            // Field by field: a copy of the record would cost more than the look at it.
            if holderSlab[slot].token.rawValue >= nextTokenValue { return "S2: a token at or above the next one" }
            if holderSlab[slot].due <= logTime { return "a holder is overdue" }
            let session = holderSlab[slot].session
            if holderSlab[slot].isLive != (session != nil) {
                return "a holder without a session, or the other way round"
            }
            if let session, sessionSlab[session].id != holderSlab[slot].sessionID {
                return "a holder of another session"
            }
        }
        for slot in waiterSlab.slots where waiterSlab[slot].deadline <= logTime {
            return "R3: a waiter outlived its deadline"
        }
        return nil
    }

    /// Both ways: sessions and owners list exactly what names them, and the digest is the sum of what is there.
    private func indexProblem() -> String? {
        let live = holderSlab.slots.count { holderSlab[$0].isLive }
        var (holders, waiters) = (0, 0)
        for slot in sessionSlab.slots {
            let session = sessionSlab[slot]
            let own = holderSlab.list(session.holders, HolderRecord.InSession.self)
            if own.count != session.grantCount { return "a session's count of grants is wrong" }
            holders += own.count
            waiters += waiterSlab.list(session.waiters, WaiterRecord.InSession.self).count
            if session.answers.contains(where: { $0.sequence <= session.doneThrough }) {
                return "a kept answer is done"
            }
        }
        if holders != live || waiters != waiterSlab.count { return "sessions and locks disagree" }
        if keepsDigest, sumOfRecords() != recordSum { return "the digest is not the sum of the records" }
        let shared = holderSlab.slots.count { holderSlab[$0].mode != .exclusive }
        return shared == sharedHolderIndex.count && waiterIndex.count == waiterSlab.count
            && lockIndex.count == lockSlab.count
            && sessionIndex.count == sessionSlab.count ? nil : "an index is out of step"
    }

    private func timerProblem() -> String? {
        let (waiters, holders) = timedRecords()
        if waiterSlab.slots.contains(where: { waiterSlab[$0].deadline < .distantFuture && !waiters.contains($0) })
            || holderSlab.slots.contains(where: { holderSlab[$0].due < .distantFuture && !holders.contains($0) })
        {
            return "something due has no timer"
        }
        let live = waiterSlab.count + holderSlab.count + registerSlab.count
        return timers.count > 2 * live + 64 ? "stale timers pile up" : nil
    }

    private func timedRecords() -> (Set<Slot<WaiterRecord>>, Set<Slot<HolderRecord>>) {
        var (waiters, holders): (Set<Slot<WaiterRecord>>, Set<Slot<HolderRecord>>) = ([], [])
        for timer in timers.unordered where isCurrent(timer) {
            switch timer.subject {
            case .waiter(let slot): waiters.insert(slot)
            case .holder(let slot): holders.insert(slot)
            case .recovery, .register: continue
            }
        }
        return (waiters, holders)
    }

    /// One walk over the whole wait-for graph, however many wait: a snapshot of 20,000 waiters must load in no time.
    private func circleProblem() -> String? {
        var (entered, finished): (Set<OwnerID>, Set<OwnerID>) = ([], [])
        var seen = PassedReaders()
        for slot in waiterSlab.slots where entered.insert(waiterSlab[slot].command.owner).inserted {
            let start = waiterSlab[slot].command.owner
            var path = [(owner: start, ahead: blockers(of: start, &seen))]
            while var step = path.popLast() {
                guard let blocker = step.ahead.popLast() else {
                    finished.insert(step.owner)
                    continue
                }
                path.append(step)
                if blocker == step.owner || finished.contains(blocker) { continue }
                guard entered.insert(blocker).inserted else { return "RULES 12: a circle of owners waits" }
                path.append((owner: blocker, ahead: blockers(of: blocker, &seen)))
            }
        }
        return nil
    }

    /// Whoever retries a waiting request must be told its end one day.
    private func answerProblem() -> String? {
        var awaited: Set<RequestKey> = []
        for slot in waiterSlab.slots {
            let command = waiterSlab[slot].command
            awaited.insert(answerKey(command.session, fingerprint(of: command)))
        }
        for slot in sessionSlab.slots {
            let session = sessionSlab[slot]
            for record in session.answers where record.answer == nil {
                guard awaited.contains(answerKey(session.id, record.fingerprint)) else {
                    return "RULES 16: a retry would wait for a request that is over"
                }
            }
        }
        return nil
    }

    private func answerKey(_ session: SessionID, _ fingerprint: UInt64) -> RequestKey {
        RequestKey(session: session, request: RequestID(high: 0, low: fingerprint))
    }

    private func grantProblem() -> String? {
        var tokens: [RequestKey: FencingToken] = [:]
        for slot in holderSlab.slots where holderSlab[slot].isLive {
            let (key, token) = (holderSlab[slot].requestKey, holderSlab[slot].token)
            if tokens.updateValue(token, forKey: key) ?? token != token { return "S7: one request has two grants" }
            guard let known = grantIndex[key], holderSlab.contains(known), holderSlab[known].token == token,
                holderSlab[known].isLive, holderSlab[known].requestKey == key
            else { return "a grant is not found by its request" }
        }
        return tokens.count == grantIndex.count ? nil : "an index of grants is out of step"
    }
}
