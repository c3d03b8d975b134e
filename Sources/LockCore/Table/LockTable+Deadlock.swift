extension LockTable {
    /// The circle that this waiter closes in the wait-for graph, from its owner around to it, or `nil` (RULES 12).
    ///
    /// Nodes are owners. An owner waits for the live holders who conflict with its waiting requests and for the earlier waiters who
    /// do. Semaphores give no edges: any permit will do, so a circle there is no deadlock. Edges to oneself are siblings' business.
    func circle(through waiter: Slot<WaiterRecord>) -> [OwnerID]? {
        let start = waiterSlab[waiter].command.owner
        guard mayBeAwaited(waiter) else { return nil }
        var cameFrom: [OwnerID: OwnerID] = [:]
        var open = [start]
        var seen = PassedReaders()
        while let owner = open.popLast() {
            for blocker in blockers(of: owner, &seen) where blocker != owner {
                if blocker == start { return path(from: start, to: owner, cameFrom) }
                if cameFrom.updateValue(cameFrom[blocker] ?? owner, forKey: blocker) == nil { open.append(blocker) }
            }
        }
        return nil
    }

    /// Cheap and usually the answer: who holds nothing and waits last in each queue, nobody waits for.
    private func mayBeAwaited(_ waiter: Slot<WaiterRecord>) -> Bool {
        let record = waiterSlab[waiter]
        guard let owner = owners[record.command.owner] else { return false }
        return !owner.holders.isEmpty || owner.waiters.first != owner.waiters.last
            || record.entries.contains { queueSlab[$0].links.next != nil }
    }

    private func path(from start: OwnerID, to last: OwnerID, _ cameFrom: [OwnerID: OwnerID]) -> [OwnerID] {
        var path = [last]
        while let owner = path.last, owner != start, let earlier = cameFrom[owner] { path.append(earlier) }
        return path.reversed()
    }

    func blockers(of owner: OwnerID, _ seen: inout PassedReaders) -> [OwnerID] {
        var found: [OwnerID] = []
        var cursor = owners[owner]?.waiters.first
        while let waiter = cursor {
            for entry in waiterSlab[waiter].entries { addBlockers(of: entry, to: &found, &seen) }
            cursor = waiterSlab[waiter].ofOwner.next
        }
        return found
    }

    /// Whom one place in a queue waits for.
    ///
    /// The nearest earlier exclusive waiter stands for all before it, since it waits for them.
    private func addBlockers(
        of entry: Slot<QueueRecord>, to found: inout [OwnerID], _ seen: inout PassedReaders
    ) {
        let lock = queueSlab[entry].lock
        switch waiterSlab[queueSlab[entry].waiter].command.mode {
        case .permits: return
        case .shared:
            if let exclusive = nearestExclusive(before: entry, &seen) {
                found.append(owner(of: exclusive))
            } else {
                found += holders(of: lock, against: .shared)
            }
        case .exclusive:
            var cursor = queueSlab[entry].links.previous
            while let earlier = cursor {
                found.append(owner(of: earlier))
                if isExclusive(earlier) { return }
                cursor = queueSlab[earlier].links.previous
            }
            found += holders(of: lock, against: .exclusive)
        }
    }

    /// Ten thousand readers in a row wait for the same writer: each stretch of them is walked once in a search.
    private func nearestExclusive(
        before entry: Slot<QueueRecord>, _ seen: inout PassedReaders
    ) -> Slot<QueueRecord>? {
        guard isBehindExclusive(entry) else { return nil }
        var passed = [entry]
        var cursor = queueSlab[entry].links.previous
        while let earlier = cursor, !isExclusive(earlier) {
            if let known = seen.behind[earlier] {
                cursor = known
                break
            }
            passed.append(earlier)
            cursor = queueSlab[earlier].links.previous
        }
        for reader in passed { seen.behind[reader] = cursor }
        return cursor
    }

    private func owner(of entry: Slot<QueueRecord>) -> OwnerID { waiterSlab[queueSlab[entry].waiter].command.owner }

    private func isExclusive(_ entry: Slot<QueueRecord>) -> Bool {
        waiterSlab[queueSlab[entry].waiter].command.mode == .exclusive
    }

    private func holders(of lock: Slot<LockRecord>, against mode: LockMode) -> [OwnerID] {
        // Readers do not wait for readers.
        guard mode == .exclusive || lockSlab[lock].exclusiveHolders > 0 else { return [] }
        return holderSlab.list(lockSlab[lock].holders, HolderRecord.InLock.self).compactMap { slot in
            holderSlab[slot].isLive ? holderSlab[slot].owner : nil
        }
    }
}

/// What one search of the wait-for graph has learnt about readers in queues: which exclusive waiter is the nearest before them.
struct PassedReaders {
    var behind: [Slot<QueueRecord>: Slot<QueueRecord>] = [:]
}
