package import LockCore

/// Who holds and who waits, where first in one queue need not be first in all that a request is in.
package struct QueueStandings<Contender: QueuedContender>: Sendable {
    package var holders: [Contender] = []
    package var waiters: [Contender] = []

    /// Who waits beyond these is counted, not named.
    package static var waitersTold: Int { 100 }

    /// - Parameters:
    ///   - queue: Who is there.
    ///   - holdsAll: Whether a request that is first here is so in the queues of its other names.
    /// - Throws: What that question threw.
    package init(
        of queue: StoredQueue<Contender>, holdsAll: (Contender) async throws(LockError) -> Bool
    ) async throws(LockError) {
        waiters = Array(queue.waiters)
        for contender in queue.holders.reversed() {
            if try await holdsAll(contender) {
                holders.insert(contender, at: 0)
            } else {
                waiters.insert(contender, at: 0)
            }
        }
    }

    /// What people see of it.
    ///
    /// - Parameters:
    ///   - name: Of which lock.
    ///   - kind: What it is in use as.
    ///   - now: Our wall clock, in milliseconds since 1970.
    ///   - remaining: How long a holder's lease still has, as far as that is known.
    /// - Returns: The description.
    package func description(
        of name: LockName, _ kind: LockKind, at now: Int64, remaining: (Contender) -> Duration? = { _ in nil }
    ) -> LockDescription {
        LockDescription(
            name: name, kind: kind, holders: holders.map { $0.holder(at: now, remaining: remaining($0)) },
            waiters: waiters.prefix(Self.waitersTold).map { $0.waiter(at: now) }, waiterCount: waiters.count)
    }
}
