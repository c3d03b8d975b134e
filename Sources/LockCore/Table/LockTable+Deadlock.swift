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
        while let owner = open.popLast() {
            for blocker in blockers(of: owner) where blocker != owner {
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

    func blockers(of owner: OwnerID) -> [OwnerID] {
        guard let record = owners[owner] else { return [] }
        return waiterSlab.list(record.waiters, WaiterRecord.OfOwner.self).flatMap { waiter in
            waiterSlab[waiter].entries.flatMap { blockers(of: $0) }
        }
    }

    /// Whom one place in a queue waits for.
    ///
    /// The nearest earlier exclusive waiter stands for all before it, since it waits for them.
    private func blockers(of entry: Slot<QueueRecord>) -> [OwnerID] {
        let mode = waiterSlab[queueSlab[entry].waiter].command.mode
        if case .permits = mode { return [] }
        var found: [OwnerID] = []
        var cursor = queueSlab[entry].links.previous
        while let earlier = cursor {
            let other = waiterSlab[queueSlab[earlier].waiter].command
            if mode == .exclusive || other.mode == .exclusive { found.append(other.owner) }
            if other.mode == .exclusive { return found }
            cursor = queueSlab[earlier].links.previous
        }
        return found + holders(of: queueSlab[entry].lock, against: mode)
    }

    private func holders(of lock: Slot<LockRecord>, against mode: LockMode) -> [OwnerID] {
        holderSlab.list(lockSlab[lock].holders, HolderRecord.InLock.self).compactMap { slot in
            let holder = holderSlab[slot]
            return holder.isLive && (mode == .exclusive || holder.mode == .exclusive) ? holder.owner : nil
        }
    }
}
