public import LockCore

extension LockClient {
    /// Holds a lock while `body` runs.
    ///
    /// Waits for the lock, renews its lease, cancels the body shortly before the lease would end, awaits the body, and then releases. The
    /// body's value is returned only if the body returned inside the lease. On engines whose leases can be lost the body runs in a task of its
    /// own. Cancelling the caller cancels the wait or the body; the release is sent all the same.
    ///
    /// The task that runs the body may call `withLock` for the same name again: it enters at once, under the same token. A task that it
    /// started may not, and gets `wouldDeadlock` at once.
    ///
    /// The guarantee is the engine's, as ``Lease/guarantee`` tells and `require` can insist on. Until ``Lease/validUntil`` it covers the body too,
    /// given clocks that run at most 1 % fast or slow; beyond that only a resource that checks ``Lease/token`` protects.
    ///
    /// - Parameters:
    ///   - name: The name of the lock.
    ///   - mode: Exclusive, or shared with other shared holders.
    ///   - waitingAtMost: How long to wait; for ever where `nil`.
    ///   - spinning: For how long to try again in place before queueing, at most 1 s; not at all by default. While it spins the call
    ///     has no place in the queue; it yields or sleeps between attempts.
    ///   - lease: How long the engine keeps the grant without a sign of life; renewed while it is held. `nil`: the client's default, 30 s
    ///     unless configured.
    ///   - fairness: In arrival order, or past barging waiters where the lock is free; by default in order, where the engine keeps one.
    ///   - require: The least guarantee to accept.
    ///   - reentry: Whether the task that runs the body may take the name again inside it.
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    ///   - body: Runs while the lock is held; the lease tells token and state.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; `CancellationError` where the caller was cancelled; `LockError` with `timedOut`, with `leaseLost` where the
    ///   lease ended before the body did, with `wouldDeadlock`, or with what else stands against the request (``LockError/Code``).
    public func withLock<R: Sendable>(
        _ name: some LockNaming, mode: LockMode = .exclusive, waitingAtMost: Duration? = nil,
        spinning: Duration = .zero, lease: Duration? = nil,
        fairness: Fairness? = nil, require: Guarantee.Requirement? = nil, reentry: Reentry = .allowed,
        terms: HoldTerms = HoldTerms(), priority: Int8 = 0, purpose: String = "",
        _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R {
        let options = AcquireOptions(
            mode: mode, patience: AcquireOptions.Patience(waitingAtMost), lease: lease, fairness: fairness,
            require: require, reentry: reentry,
            terms: terms, priority: priority, purpose: purpose, spinning: spinning)
        let name = try name.lockName()
        if let held = takeAtOnce(name, options) { return try await runAtOnce(held, body) }
        let outcome = try await holdWaiting([name], options, body)
        return try outcome.valueInsideLease(of: "\"\(name)\"")
    }

    /// Holds a lock while `body` runs, or returns `nil` at once where someone else has it.
    ///
    /// In all else as ``withLock(_:mode:waitingAtMost:spinning:lease:fairness:require:reentry:terms:priority:purpose:_:)``.
    ///
    /// - Parameters:
    ///   - name: The name of the lock.
    ///   - mode: Exclusive, or shared with other shared holders.
    ///   - lease: How long the engine keeps the grant without a sign of life; renewed while it is held. `nil`: the client's default, 30 s
    ///     unless configured.
    ///   - fairness: In arrival order, or past barging waiters where the lock is free; by default in order, where the engine keeps one.
    ///   - require: The least guarantee to accept.
    ///   - reentry: Whether the task that runs the body may take the name again inside it.
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    ///   - body: Runs while the lock is held.
    /// - Returns: What `body` returns, or `nil` where the lock is not free.
    /// - Throws: What `body` throws; `CancellationError` where the caller was cancelled; `LockError` with `leaseLost` where the lease ended
    ///   before the body did, with `wouldDeadlock`, or with what else stands against the request (``LockError/Code``).
    public func tryWithLock<R: Sendable>(
        _ name: some LockNaming, mode: LockMode = .exclusive, lease: Duration? = nil, fairness: Fairness? = nil,
        require: Guarantee.Requirement? = nil, reentry: Reentry = .allowed, terms: HoldTerms = HoldTerms(),
        priority: Int8 = 0, purpose: String = "", _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R? {
        let options = AcquireOptions(
            mode: mode, patience: .none, lease: lease, fairness: fairness, require: require, reentry: reentry,
            terms: terms, priority: priority, purpose: purpose)
        let name = try name.lockName()
        if let held = takeAtOnce(name, options) { return try await runAtOnce(held, body) }
        return try await hold([name], options, body)?.valueInsideLease(of: "\"\(name)\"")
    }

    /// Holds a lock while `body` runs, and tells both its value and what became of the lease.
    ///
    /// For work whose value is worth something even where the body overran its lease.
    ///
    /// - Parameters:
    ///   - name: The name of the lock.
    ///   - mode: Exclusive, or shared with other shared holders.
    ///   - waitingAtMost: How long to wait; for ever where `nil`.
    ///   - spinning: For how long to try again in place before queueing, at most 1 s; not at all by default. While it spins the call
    ///     has no place in the queue; it yields or sleeps between attempts.
    ///   - lease: How long the engine keeps the grant without a sign of life; renewed while it is held. `nil`: the client's default, 30 s
    ///     unless configured.
    ///   - fairness: In arrival order, or past barging waiters where the lock is free; by default in order, where the engine keeps one.
    ///   - require: The least guarantee to accept.
    ///   - reentry: Whether the task that runs the body may take the name again inside it.
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    ///   - body: Runs while the lock is held.
    /// - Returns: What `body` returns, and the lease's state at that moment.
    /// - Throws: What `body` throws; `CancellationError`; `LockError`, with `leaseLost` only where the body was stopped without a value.
    public func withLockOutcome<R: Sendable>(
        _ name: some LockNaming, mode: LockMode = .exclusive, waitingAtMost: Duration? = nil,
        spinning: Duration = .zero, lease: Duration? = nil,
        fairness: Fairness? = nil, require: Guarantee.Requirement? = nil, reentry: Reentry = .allowed,
        terms: HoldTerms = HoldTerms(), priority: Int8 = 0, purpose: String = "",
        _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> LockOutcome<R> {
        let options = AcquireOptions(
            mode: mode, patience: AcquireOptions.Patience(waitingAtMost), lease: lease, fairness: fairness,
            require: require, reentry: reentry,
            terms: terms, priority: priority, purpose: purpose, spinning: spinning)
        return try await holdWaiting([name], options, body)
    }

    /// Holds several locks while `body` runs: all or none.
    ///
    /// One atomic request where the engine can; else one after the other in sorted order, so that two calls never wait for each other in a
    /// circle, and all given back where one is missing. ``Lease/token(for:)`` tells each name's token.
    ///
    /// - Parameters:
    ///   - names: 1 to 32 distinct names.
    ///   - mode: Exclusive, or shared with other shared holders.
    ///   - waitingAtMost: How long to wait; for ever where `nil`.
    ///   - spinning: For how long to try again in place before queueing, at most 1 s; not at all by default. While it spins the call
    ///     has no place in the queue; it yields or sleeps between attempts.
    ///   - lease: How long the engine keeps the grant without a sign of life; renewed while it is held. `nil`: the client's default, 30 s
    ///     unless configured.
    ///   - fairness: In arrival order, or past barging waiters where the lock is free; by default in order, where the engine keeps one.
    ///   - require: The least guarantee to accept.
    ///   - reentry: Whether the task that runs the body may take the name again inside it.
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    ///   - body: Runs while all locks are held.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; `CancellationError` where the caller was cancelled; `LockError` with `timedOut`, with `leaseLost` where the
    ///   lease ended before the body did, with `wouldDeadlock`, or with what else stands against the request (``LockError/Code``).
    public func withLocks<R: Sendable>(
        _ names: [some LockNaming], mode: LockMode = .exclusive, waitingAtMost: Duration? = nil,
        spinning: Duration = .zero, lease: Duration? = nil,
        fairness: Fairness? = nil, require: Guarantee.Requirement? = nil, reentry: Reentry = .allowed,
        terms: HoldTerms = HoldTerms(), priority: Int8 = 0, purpose: String = "",
        _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R {
        let options = AcquireOptions(
            mode: mode, patience: AcquireOptions.Patience(waitingAtMost), lease: lease, fairness: fairness,
            require: require, reentry: reentry,
            terms: terms, priority: priority, purpose: purpose, spinning: spinning)
        let outcome = try await holdWaiting(names, options, body)
        return try outcome.valueInsideLease(of: "\(names)")
    }

    /// Holds several locks while `body` runs, or returns `nil` at once where someone else has one of them.
    ///
    /// - Parameters:
    ///   - names: 1 to 32 distinct names.
    ///   - mode: Exclusive, or shared with other shared holders.
    ///   - lease: How long the engine keeps the grant without a sign of life; renewed while it is held. `nil`: the client's default, 30 s
    ///     unless configured.
    ///   - fairness: In arrival order, or past barging waiters where the lock is free; by default in order, where the engine keeps one.
    ///   - require: The least guarantee to accept.
    ///   - reentry: Whether the task that runs the body may take the name again inside it.
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    ///   - body: Runs while all locks are held.
    /// - Returns: What `body` returns, or `nil` where not all locks are free.
    /// - Throws: What `body` throws; `CancellationError` where the caller was cancelled; `LockError` with `leaseLost` where the lease ended
    ///   before the body did, with `wouldDeadlock`, or with what else stands against the request (``LockError/Code``).
    public func tryWithLocks<R: Sendable>(
        _ names: [some LockNaming], mode: LockMode = .exclusive, lease: Duration? = nil, fairness: Fairness? = nil,
        require: Guarantee.Requirement? = nil, reentry: Reentry = .allowed, terms: HoldTerms = HoldTerms(),
        priority: Int8 = 0, purpose: String = "", _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R? {
        let options = AcquireOptions(
            mode: mode, patience: .none, lease: lease, fairness: fairness, require: require, reentry: reentry,
            terms: terms, priority: priority, purpose: purpose)
        return try await hold(names, options, body)?.valueInsideLease(of: "\(names)")
    }

    /// A counting semaphore: up to `permits` permits are out at a time, over all clients of the engine.
    ///
    /// - Parameters:
    ///   - name: The name of the semaphore; a name in use as a lock, or with another number of permits, is refused at the first permit.
    ///   - permits: How many permits it has, 1 to 1,000,000.
    /// - Returns: The semaphore; nothing is sent yet.
    /// - Throws: `LockError` with `invalidName` or `invalidOption`.
    public func semaphore(_ name: some LockNaming, permits: Int) throws(LockError) -> LockSemaphore {
        guard (1...LockMode.maximumPermits).contains(permits) else {
            throw .invalid("A semaphore of \(permits) permits is out of range; use 1 to \(LockMode.maximumPermits).")
        }
        return LockSemaphore(client: self, name: try name.lockName(), permits: permits)
    }
}

extension LockClient {
    /// A hold that waits: it is never just busy.
    func holdWaiting<R: Sendable>(
        _ names: [some LockNaming], _ options: AcquireOptions, _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> LockOutcome<R> {
        guard let outcome = try await hold(names, options, body) else {
            preconditionFailure("a call with the patience \(options.patience) was answered busy instead of timed out")
        }
        return outcome
    }
}
