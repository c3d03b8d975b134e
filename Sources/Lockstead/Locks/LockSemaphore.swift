public import LockCore

/// A counting semaphore: up to ``permits`` permits are out at a time, over all clients of the engine.
///
/// Each permit is a grant of its own, with a lease and a token. Permits are outside of re-entry: a body that takes another permit takes
/// one more, and waits for itself where none is left.
public struct LockSemaphore: Sendable {
    let client: LockClient
    /// Its name.
    public let name: LockName
    /// How many permits it has.
    public let permits: Int

    /// Holds one permit while `body` runs.
    ///
    /// As `withLock` in all else.
    ///
    /// - Parameters:
    ///   - waitingAtMost: How long to wait; for ever where `nil`.
    ///   - spinning: For how long to try again in place before queueing, at most 1 s; not at all by default. While it spins the call
    ///     has no place in the queue; it yields or sleeps between attempts.
    ///   - lease: How long the engine keeps the grant without a sign of life; renewed while it is held. `nil`: the client's default, 30 s
    ///     unless configured.
    ///   - fairness: In arrival order, or past barging waiters where the lock is free; by default in order, where the engine keeps one.
    ///   - require: The least guarantee to accept.
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    ///   - body: Runs while the permits are held.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; `CancellationError` where the caller was cancelled; `LockError` with `timedOut`, with `leaseLost` where the
    ///   lease ended before the body did, or with what else stands against the request (``LockError/Code``).
    public func withPermit<R: Sendable>(
        waitingAtMost: Duration? = nil, spinning: Duration = .zero, lease: Duration? = nil, fairness: Fairness? = nil,
        require: Guarantee.Requirement? = nil, terms: HoldTerms = HoldTerms(), priority: Int8 = 0, purpose: String = "",
        _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R {
        try await withPermits(
            1, waitingAtMost: waitingAtMost, spinning: spinning, lease: lease, fairness: fairness, require: require,
            terms: terms,
            priority: priority, purpose: purpose, body)
    }

    /// Holds several permits, taken together, while `body` runs.
    ///
    /// - Parameters:
    ///   - count: How many permits to hold, 1 to ``permits``.
    ///   - waitingAtMost: How long to wait; for ever where `nil`.
    ///   - spinning: For how long to try again in place before queueing, at most 1 s; not at all by default. While it spins the call
    ///     has no place in the queue; it yields or sleeps between attempts.
    ///   - lease: How long the engine keeps the grant without a sign of life; renewed while it is held. `nil`: the client's default, 30 s
    ///     unless configured.
    ///   - fairness: In arrival order, or past barging waiters where the lock is free; by default in order, where the engine keeps one.
    ///   - require: The least guarantee to accept.
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    ///   - body: Runs while the permits are held.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; `CancellationError` where the caller was cancelled; `LockError` with `timedOut`, with `leaseLost` where the
    ///   lease ended before the body did, or with what else stands against the request (``LockError/Code``).
    public func withPermits<R: Sendable>(
        _ count: Int, waitingAtMost: Duration? = nil, spinning: Duration = .zero, lease: Duration? = nil,
        fairness: Fairness? = nil,
        require: Guarantee.Requirement? = nil, terms: HoldTerms = HoldTerms(), priority: Int8 = 0, purpose: String = "",
        _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R {
        let options = AcquireOptions(
            mode: .permits(count: count, limit: permits), patience: AcquireOptions.Patience(waitingAtMost),
            lease: lease, fairness: fairness, require: require, reentry: .refused,
            terms: terms, priority: priority, purpose: purpose, spinning: spinning)
        let outcome = try await client.holdWaiting([name], options, body)
        return try outcome.valueInsideLease(of: "\"\(name)\"")
    }

    /// Holds permits while `body` runs, or returns `nil` at once where not enough are free.
    ///
    /// - Parameters:
    ///   - count: How many permits to hold, 1 to ``permits``.
    ///   - lease: How long the engine keeps the grant without a sign of life; renewed while it is held. `nil`: the client's default, 30 s
    ///     unless configured.
    ///   - fairness: In arrival order, or past barging waiters where the lock is free; by default in order, where the engine keeps one.
    ///   - require: The least guarantee to accept.
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    ///   - body: Runs while the permits are held.
    /// - Returns: What `body` returns, or `nil` where not enough permits are free.
    /// - Throws: What `body` throws; `CancellationError` where the caller was cancelled; `LockError` with `leaseLost` where the lease ended
    ///   before the body did, or with what else stands against the request (``LockError/Code``).
    public func tryWithPermit<R: Sendable>(
        count: Int = 1, lease: Duration? = nil, fairness: Fairness? = nil, require: Guarantee.Requirement? = nil,
        terms: HoldTerms = HoldTerms(), priority: Int8 = 0, purpose: String = "",
        _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R? {
        let options = AcquireOptions(
            mode: .permits(count: count, limit: permits), patience: .none, lease: lease, fairness: fairness,
            require: require, reentry: .refused,
            terms: terms, priority: priority, purpose: purpose)
        return try await client.hold([name], options, body)?.valueInsideLease(of: "\"\(name)\"")
    }

    /// Takes permits and returns a handle, for when a scope does not fit.
    ///
    /// - Parameters:
    ///   - count: How many permits to hold, 1 to ``permits``.
    ///   - waitingAtMost: How long to wait; for ever where `nil`.
    ///   - spinning: For how long to try again in place before queueing, at most 1 s; not at all by default. While it spins the call
    ///     has no place in the queue; it yields or sleeps between attempts.
    ///   - lease: How long the engine keeps the grant without a sign of life; renewed while it is held. `nil`: the client's default, 30 s
    ///     unless configured.
    ///   - fairness: In arrival order, or past barging waiters where the lock is free; by default in order, where the engine keeps one.
    ///   - require: The least guarantee to accept.
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    /// - Returns: The handle, to be given to `release`.
    /// - Throws: `CancellationError`, or `LockError` with `timedOut`, or with what else stands against the request (``LockError/Code``).
    public func acquire(
        count: Int = 1, waitingAtMost: Duration? = nil, spinning: Duration = .zero, lease: Duration? = nil,
        fairness: Fairness? = nil,
        require: Guarantee.Requirement? = nil, terms: HoldTerms = HoldTerms(), priority: Int8 = 0, purpose: String = ""
    ) async throws -> HeldLock {
        let options = AcquireOptions(
            mode: .permits(count: count, limit: permits), patience: AcquireOptions.Patience(waitingAtMost),
            lease: lease, fairness: fairness, require: require, reentry: .refused,
            terms: terms, priority: priority, purpose: purpose, spinning: spinning)
        return try await client.handleWaiting(name, options)
    }

    /// Takes permits and returns a handle, or `nil` at once where not enough are free.
    ///
    /// - Parameters:
    ///   - count: How many permits to hold, 1 to ``permits``.
    ///   - lease: How long the engine keeps the grant without a sign of life; renewed while it is held. `nil`: the client's default, 30 s
    ///     unless configured.
    ///   - fairness: In arrival order, or past barging waiters where the lock is free; by default in order, where the engine keeps one.
    ///   - require: The least guarantee to accept.
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    /// - Returns: The handle, or `nil`.
    /// - Throws: `CancellationError`, or `LockError` with what stands against the request (``LockError/Code``).
    public func tryAcquire(
        count: Int = 1, lease: Duration? = nil, fairness: Fairness? = nil, require: Guarantee.Requirement? = nil,
        terms: HoldTerms = HoldTerms(), priority: Int8 = 0, purpose: String = ""
    ) async throws -> HeldLock? {
        let options = AcquireOptions(
            mode: .permits(count: count, limit: permits), patience: .none, lease: lease, fairness: fairness,
            require: require, reentry: .refused,
            terms: terms, priority: priority, purpose: purpose)
        return try await client.handle(name, options)
    }
}
