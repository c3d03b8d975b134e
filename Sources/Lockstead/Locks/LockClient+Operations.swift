public import LockCore

extension LockClient {
    /// Describes one lock as the engine sees it.
    ///
    /// Returns within ``Configuration/callDeadline``. What it tells may be over when it is read; do not decide by it who may work.
    ///
    /// - Parameter name: The name of the lock.
    /// - Returns: Its holders and waiters, or `nil` where nobody holds or awaits it.
    /// - Throws: `LockError`: `unsupported`, `notRunning`, or a failure of the engine.
    public func inspect(_ name: some LockNaming) async throws -> LockDescription? {
        let name = try name.lockName()
        try capabilities.demand(.inspect, "describing a lock")
        return try await backend.inspect(name, deadline: operationDeadline())
    }

    /// Describes live locks, in byte order of their names.
    ///
    /// Returns within ``Configuration/callDeadline``. Each lock is described as it was at some moment of the call.
    ///
    /// - Parameters:
    ///   - prefix: How their names start; empty for all.
    ///   - limit: The most to describe.
    /// - Returns: Their descriptions.
    /// - Throws: `LockError`: `unsupported`, `notRunning`, or a failure of the engine.
    public func list(prefix: String = "", limit: Int = 1_000) async throws -> [LockDescription] {
        guard limit > 0 else { throw LockError.invalid("A limit of \(limit) is not positive; use one or more.") }
        try capabilities.demand(.list, "listing locks")
        return try await backend.list(prefix: prefix, limit: limit, deadline: operationDeadline())
    }

    /// What happens to locks whose names start with `prefix`, from now on.
    ///
    /// Ends when the engine stops.
    ///
    /// - Parameter prefix: How their names start; empty for all.
    /// - Returns: The changes in order; it ends with an error where the engine cannot tell changes.
    public func changes(prefix: String = "") -> AsyncThrowingStream<LockChange, any Error> {
        do {
            try capabilities.demand(.changes, "watching locks")
        } catch {
            return AsyncThrowingStream { $0.finish(throwing: error) }
        }
        return backend.changes(prefix: prefix)
    }

    /// Revokes every grant of a name.
    ///
    /// The holders learn of it and must stop. The next grant waits until they acknowledged or their leases ran out, then for the
    /// lock-delay. Returns within ``Configuration/callDeadline``, without waiting for the holders.
    ///
    /// - Parameters:
    ///   - name: The name of the lock.
    ///   - reason: Why; holders and audit are told.
    ///   - now: Have the next grant wait for nobody. Waives mutual exclusion for this lock: the old holder may still believe itself the owner.
    /// - Returns: What was revoked.
    /// - Throws: `LockError`: `unsupported`, `notRunning`, or a failure of the engine.
    @discardableResult
    public func forceRelease(_ name: some LockNaming, reason: String, now: Bool = false) async throws -> ForcedRelease {
        let name = try name.lockName()
        guard !reason.isEmpty, reason.utf8.count <= Limits.reasonBytes else {
            throw LockError.invalid("A forced release needs a reason of 1 to \(Limits.reasonBytes) bytes.")
        }
        try capabilities.demand(.forceRelease, "forced releases")
        return try await backend.forceRelease(name, reason: reason, now: now, deadline: operationDeadline())
    }
}
