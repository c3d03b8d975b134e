public import LockCore

extension StripedLock {
    /// Holds the stripe of a key while `body` runs.
    ///
    /// As ``LockClient/withLock(_:mode:waitingAtMost:spinning:lease:fairness:require:reentry:terms:priority:purpose:_:)`` of the stripe's
    /// name: the task that runs the body may enter again, under any key of the stripe.
    ///
    /// - Parameters:
    ///   - key: Any text.
    ///   - mode: Exclusive, or shared with other shared holders.
    ///   - waitingAtMost: How long to wait; for ever where `nil`.
    ///   - spinning: For how long to try again in place before queueing, at most 1 s; not at all by default.
    ///   - lease: How long the engine keeps the grant without a sign of life; renewed while it is held. `nil`: the client's default, 30 s
    ///     unless configured.
    ///   - fairness: In arrival order, or past barging waiters where the lock is free; by default in order, where the engine keeps one.
    ///   - require: The least guarantee to accept.
    ///   - reentry: Whether the task that runs the body may take a key of the same stripe again inside it.
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    ///   - body: Runs while the lock is held.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; `CancellationError` where the caller was cancelled; `LockError` with `timedOut`, with `leaseLost` where the
    ///   lease ended before the body did, with `wouldDeadlock`, or with what else stands against the request (``LockError/Code``).
    public func withLock<R: Sendable>(
        _ key: String, mode: LockMode = .exclusive, waitingAtMost: Duration? = nil, spinning: Duration = .zero,
        lease: Duration? = nil, fairness: Fairness? = nil,
        require: Guarantee.Requirement? = nil, reentry: Reentry = .allowed, terms: HoldTerms = HoldTerms(),
        priority: Int8 = 0, purpose: String = "", _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R {
        try await client.withLock(
            name(of: key), mode: mode, waitingAtMost: waitingAtMost, spinning: spinning, lease: lease,
            fairness: fairness, require: require,
            reentry: reentry, terms: terms, priority: priority, purpose: purpose, body)
    }

    /// Holds the stripe of a key while `body` runs, or returns `nil` at once where someone else has it.
    ///
    /// As ``LockClient/withLock(_:mode:waitingAtMost:spinning:lease:fairness:require:reentry:terms:priority:purpose:_:)`` of the stripe's
    /// name: the task that runs the body may enter again, under any key of the stripe.
    ///
    /// - Parameters:
    ///   - key: Any text.
    ///   - mode: Exclusive, or shared with other shared holders.
    ///   - lease: How long the engine keeps the grant without a sign of life; renewed while it is held. `nil`: the client's default, 30 s
    ///     unless configured.
    ///   - fairness: In arrival order, or past barging waiters where the lock is free; by default in order, where the engine keeps one.
    ///   - require: The least guarantee to accept.
    ///   - reentry: Whether the task that runs the body may take a key of the same stripe again inside it.
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    ///   - body: Runs while the lock is held.
    /// - Returns: What `body` returns, or `nil` where the stripe is not free.
    /// - Throws: What `body` throws; `CancellationError` where the caller was cancelled; `LockError` with `leaseLost` where the lease ended
    ///   before the body did, with `wouldDeadlock`, or with what else stands against the request (``LockError/Code``).
    public func tryWithLock<R: Sendable>(
        _ key: String, mode: LockMode = .exclusive, lease: Duration? = nil, fairness: Fairness? = nil,
        require: Guarantee.Requirement? = nil, reentry: Reentry = .allowed, terms: HoldTerms = HoldTerms(),
        priority: Int8 = 0, purpose: String = "", _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R? {
        try await client.tryWithLock(
            name(of: key), mode: mode, lease: lease, fairness: fairness, require: require,
            reentry: reentry, terms: terms, priority: priority, purpose: purpose, body)
    }

    /// Holds the stripes of several keys while `body` runs: all or none.
    ///
    /// Keys that share a stripe take it once, and the stripes are taken in sorted order or at once, so that two calls never wait for
    /// each other in a circle. Take all keys that a piece of work needs in one call: nested calls take them in the order they come. The
    /// keys may have at most 32 distinct stripes between them.
    ///
    /// - Parameters:
    ///   - keys: One or more texts.
    ///   - mode: Exclusive, or shared with other shared holders.
    ///   - waitingAtMost: How long to wait; for ever where `nil`.
    ///   - spinning: For how long to try again in place before queueing, at most 1 s; not at all by default.
    ///   - lease: How long the engine keeps the grant without a sign of life; renewed while it is held. `nil`: the client's default, 30 s
    ///     unless configured.
    ///   - fairness: In arrival order, or past barging waiters where the lock is free; by default in order, where the engine keeps one.
    ///   - require: The least guarantee to accept.
    ///   - reentry: Whether the task that runs the body may take a key of the same stripe again inside it.
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    ///   - body: Runs while the locks are held.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; `CancellationError` where the caller was cancelled; `LockError` with `timedOut`, with `leaseLost` where the
    ///   lease ended before the body did, with `wouldDeadlock`, or with what else stands against the request (``LockError/Code``).
    public func withLocks<R: Sendable>(
        _ keys: [String], mode: LockMode = .exclusive, waitingAtMost: Duration? = nil, spinning: Duration = .zero,
        lease: Duration? = nil, fairness: Fairness? = nil,
        require: Guarantee.Requirement? = nil, reentry: Reentry = .allowed, terms: HoldTerms = HoldTerms(),
        priority: Int8 = 0, purpose: String = "", _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R {
        try await client.withLocks(
            names(of: keys), mode: mode, waitingAtMost: waitingAtMost, spinning: spinning, lease: lease,
            fairness: fairness, require: require,
            reentry: reentry, terms: terms, priority: priority, purpose: purpose, body)
    }

    /// Holds the stripes of several keys while `body` runs, or returns `nil` at once where one of them is not free.
    ///
    /// Keys that share a stripe take it once, and the stripes are taken in sorted order or at once, so that two calls never wait for
    /// each other in a circle. Take all keys that a piece of work needs in one call: nested calls take them in the order they come. The
    /// keys may have at most 32 distinct stripes between them.
    ///
    /// - Parameters:
    ///   - keys: One or more texts.
    ///   - mode: Exclusive, or shared with other shared holders.
    ///   - lease: How long the engine keeps the grant without a sign of life; renewed while it is held. `nil`: the client's default, 30 s
    ///     unless configured.
    ///   - fairness: In arrival order, or past barging waiters where the lock is free; by default in order, where the engine keeps one.
    ///   - require: The least guarantee to accept.
    ///   - reentry: Whether the task that runs the body may take a key of the same stripe again inside it.
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    ///   - body: Runs while the locks are held.
    /// - Returns: What `body` returns, or `nil` where not all stripes are free.
    /// - Throws: What `body` throws; `CancellationError` where the caller was cancelled; `LockError` with `leaseLost` where the lease ended
    ///   before the body did, with `wouldDeadlock`, or with what else stands against the request (``LockError/Code``).
    public func tryWithLocks<R: Sendable>(
        _ keys: [String], mode: LockMode = .exclusive, lease: Duration? = nil, fairness: Fairness? = nil,
        require: Guarantee.Requirement? = nil, reentry: Reentry = .allowed, terms: HoldTerms = HoldTerms(),
        priority: Int8 = 0, purpose: String = "", _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R? {
        try await client.tryWithLocks(
            names(of: keys), mode: mode, lease: lease, fairness: fairness, require: require,
            reentry: reentry, terms: terms, priority: priority, purpose: purpose, body)
    }
}
