public import LockCore

extension LockClient {
    /// Takes a lock and returns a handle, for when a scope does not fit.
    ///
    /// Renewed until it is released. A handle that is dropped without a release is *not* released, as its last use may lie inside the critical
    /// section: renewal stops, the lease runs out, and an error is logged. A handle never enters again.
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
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    /// - Returns: The handle, to be given to ``release(_:)``.
    /// - Throws: `CancellationError`, or `LockError` with `timedOut`, or with what else stands against the request (``LockError/Code``).
    public func acquire(
        _ name: some LockNaming, mode: LockMode = .exclusive, waitingAtMost: Duration? = nil,
        spinning: Duration = .zero, lease: Duration? = nil,
        fairness: Fairness? = nil, require: Guarantee.Requirement? = nil, terms: HoldTerms = HoldTerms(),
        priority: Int8 = 0, purpose: String = ""
    ) async throws -> HeldLock {
        let options = AcquireOptions(
            mode: mode, patience: AcquireOptions.Patience(waitingAtMost), lease: lease, fairness: fairness,
            require: require, reentry: .refused,
            terms: terms, priority: priority, purpose: purpose, spinning: spinning)
        return try await handleWaiting(name, options)
    }

    /// Takes a lock and returns a handle, or `nil` at once where someone else has it.
    ///
    /// - Parameters:
    ///   - name: The name of the lock.
    ///   - mode: Exclusive, or shared with other shared holders.
    ///   - lease: How long the engine keeps the grant without a sign of life; renewed while it is held. `nil`: the client's default, 30 s
    ///     unless configured.
    ///   - fairness: In arrival order, or past barging waiters where the lock is free; by default in order, where the engine keeps one.
    ///   - require: The least guarantee to accept.
    ///   - terms: Lock-delay, minimum hold, cap on the total hold, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - purpose: What the lock is held for, for those who ask who holds it.
    /// - Returns: The handle, or `nil` where the lock is not free.
    /// - Throws: `CancellationError`, or `LockError` with what stands against the request (``LockError/Code``).
    public func tryAcquire(
        _ name: some LockNaming, mode: LockMode = .exclusive, lease: Duration? = nil, fairness: Fairness? = nil,
        require: Guarantee.Requirement? = nil, terms: HoldTerms = HoldTerms(), priority: Int8 = 0, purpose: String = ""
    ) async throws -> HeldLock? {
        let options = AcquireOptions(
            mode: mode, patience: .none, lease: lease, fairness: fairness, require: require, reentry: .refused,
            terms: terms, priority: priority, purpose: purpose)
        return try await handle(name, options)
    }

    /// Gives a lock back.
    ///
    /// The handle stops reporting *held* before anything is sent; cancelling the caller does not stop the release.
    ///
    /// - Parameter lock: A handle of this client.
    /// - Throws: `LockError`: `leaseLost` where the lock had ended before, `notHeld` where it was released before; else, with the effect
    ///   `mayHaveHappened`, a failure after which the call may be repeated.
    public func release(_ lock: HeldLock) async throws {
        guard lock.client === self else {
            throw LockError.invalid("The handle of \"\(lock.lease.name)\" belongs to another client; release it there.")
        }
        guard lock.held.claimRelease() else {
            throw LockError(
                .notHeld, "The handle of \"\(lock.lease.name)\" was released before; release a handle once.",
                effect: .didNotHappen)
        }
        let attributes = LockTracing.Attributes(mode: lock.lease.mode, token: lock.lease.token)
        let outcome = try await instruments.tracing.span("lock.release", attributes) { _ in
            try await sendRelease(lock.held)
        }
        if case .lost(let reason) = outcome { throw Self.lostBefore(lock, reason) }
    }

    /// Turns an exclusive lock into a shared one without freeing it in between; the token stays.
    ///
    /// - Parameter lock: An exclusive handle of this client.
    /// - Throws: `LockError`: `unsupported`, `leaseLost` where it is not held any more, or a failure of the engine; may be repeated.
    public func downgrade(_ lock: HeldLock) async throws {
        guard lock.client === self else {
            throw LockError.invalid(
                "The handle of \"\(lock.lease.name)\" belongs to another client; downgrade it there.")
        }
        try capabilities.demand(.downgrade, "downgrades")
        guard lock.lease.mode == .exclusive else {
            throw LockError.invalid("The lock \"\(lock.lease.name)\" is not exclusive; only that can be downgraded.")
        }
        try lock.lease.ensure(atLeast: .zero)
        let deadline = time.now.advanced(by: configuration.callDeadline)
        lock.held.replace(grant: try await backend.downgrade(lock.held.grant, deadline: deadline))
    }

    private static func lostBefore(_ lock: HeldLock, _ reason: LossReason) -> LockError {
        .leaseLost(
            bodyFinished: true,
            "The lock \"\(lock.lease.name)\" had ended before its release (\(reason.inWords)); what was done under it may have met another holder."
        )
    }
}

extension LockClient {
    func handleWaiting(_ name: some LockNaming, _ options: AcquireOptions) async throws -> HeldLock {
        guard let lock = try await handle(name, options) else {
            preconditionFailure("a call with the patience \(options.patience) was answered busy instead of timed out")
        }
        return lock
    }

    func handle(_ name: some LockNaming, _ options: AcquireOptions) async throws -> HeldLock? {
        let call = try prepare([name], options)
        try refuseIfHeldAround(call)
        try await awaitRunning(until: call.deadline, since: call.start)
        let owner: OwnerID = LockScope.innermostOwn(client: world)?.owner ?? identifiers.make()
        guard let held = try await traceAcquire(call.names, call, owner)?.first else { return nil }
        // A shutdown may have begun meanwhile; it waits for bodies, not for handles.
        do { try gate.enter(LockScope.isInside(client: world) ? .nested : .outermost) } catch {
            await releaseQuietly(held)
            throw error
        }
        defer { gate.leave() }
        return HeldLock(held, client: self, lease: Lease(parts: [held], names: call.names, time: time))
    }

    /// A handle was dropped: nobody knows whether its critical section is over, so the lease runs out by itself (RULES 17).
    func abandon(_ held: HeldGrant) {
        held.step { machine, _, _ in machine.handleDropped() }
        registry.plan(held)
        instruments.abandoned(held)
    }
}
