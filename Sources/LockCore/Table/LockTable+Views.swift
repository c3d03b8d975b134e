/// One session as the table sees it.
package struct SessionView: Sendable, Hashable {
    package var id: SessionID
    package var identity: String
    package var generation: UInt64
    package var timeToLive: TimeSpan
    package var grantCount: Int
    package var waiterCount: Int
}

extension LockTable {
    /// How many waiters a view names; the rest is only counted.
    package static let waitersInView = 100

    /// One lock, or `nil` where nobody holds or awaits it and no delay keeps it closed.
    package func view(of name: LockName) -> LockView? {
        lockIndex[name].map(view)
    }

    /// The locks whose names start with `prefix`, in byte order.
    package func list(prefix: String, limit: Int) -> [LockView] {
        let bytes = Array(prefix.utf8)
        return lockSlab.slots.filter { lockSlab[$0].name.text.utf8.starts(with: bytes) }
            .sorted { lockSlab[$0].name < lockSlab[$1].name }.prefix(max(0, limit)).map(view)
    }

    /// All sessions, by id.
    package var sessions: [SessionView] {
        sessionSlab.slots.map { view(sessionSlab[$0]) }.sorted { $0.id < $1.id }
    }

    /// One session, without a walk over all; `nil` where it is unknown.
    package func session(_ id: SessionID) -> SessionView? {
        sessionIndex[id].map { view(sessionSlab[$0]) }
    }

    private func view(_ record: SessionRecord) -> SessionView {
        SessionView(
            id: record.id, identity: record.identity, generation: record.generation, timeToLive: record.timeToLive,
            grantCount: record.grantCount, waiterCount: record.waiterCount)
    }

    private func view(_ slot: Slot<LockRecord>) -> LockView {
        let lock = lockSlab[slot]
        return LockView(
            name: lock.name, kind: lock.kind,
            holders: holderSlab.list(lock.holders, HolderRecord.InLock.self).map(view),
            waiters: firstEntries(of: lock).map { view(queueSlab[$0].waiter) }, waiterCount: lock.waiterCount)
    }

    private func firstEntries(of lock: LockRecord) -> [Slot<QueueRecord>] {
        var found: [Slot<QueueRecord>] = []
        var cursor = lock.queue.first
        while let entry = cursor, found.count < Self.waitersInView {
            found.append(entry)
            cursor = queueSlab[entry].links.next
        }
        return found
    }

    private func view(_ slot: Slot<HolderRecord>) -> HolderView {
        let holder = holderSlab[slot]
        return HolderView(
            session: holder.sessionID, request: holder.request, owner: holder.owner, mode: holder.mode,
            token: holder.token, count: holder.count, phase: holder.phase, grantedAt: holder.grantedAt,
            maximumHoldEnd: holder.maximumHoldEnd < .distantFuture ? holder.maximumHoldEnd : nil, note: holder.note)
    }

    private func view(_ slot: Slot<WaiterRecord>) -> WaiterView {
        let waiter = waiterSlab[slot]
        return WaiterView(
            session: waiter.command.session, request: waiter.command.request, owner: waiter.command.owner,
            names: waiter.command.names, mode: waiter.command.mode, since: waiter.since, deadline: waiter.deadline,
            note: waiter.command.note)
    }
}
