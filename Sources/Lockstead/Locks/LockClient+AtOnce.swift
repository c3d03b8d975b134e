import LockCore

// What the general way of a call does, for what most calls of the in-process engine ask for: one free name, exclusively, on no terms,
// outside of every other scope, with nobody listening. Nothing of it suspends, and anything else goes the general way.

extension LockClient {
    /// Takes a free name.
    ///
    /// - Returns: The grant, inside the gate; `nil` where the general way has to look, and then nothing happened.
    func takeAtOnce(_ name: LockName, _ options: borrowing AcquireOptions) -> HeldGrant? {
        guard let engine = plainEngine, options.isPlain, isUnheard, LockScope.current == nil, !Task.isCancelled,
            let lease = plainLease(options.lease), gate.enterIfRunning()
        else { return nil }
        guard let held = take([name], lease, from: engine) else {
            gate.leave()
            return nil
        }
        return held
    }

    private func take(_ names: [LockName], _ lease: Duration, from engine: InProcessBackend) -> HeldGrant? {
        let (id, owner): (RequestID, OwnerID) = (identifiers.make(), identifiers.make())
        guard let token = engine.acquireAtOnce(id, owner, names, lease, holder) else { return nil }
        let held = HeldGrant(
            Grant(
                request: id, owner: owner, names: names, mode: .exclusive, token: token, lease: lease,
                validity: .unlimited, guarantee: engine.capabilities.guarantee),
            renewEvery: nil, instruments: instruments)
        if let reason = registry.add(held) { endLease(held, reason) }
        return held
    }

    /// Runs a body under a grant of ``takeAtOnce(_:_:)``, on the caller's task: the grant cannot run out (RULES 33b).
    ///
    /// Generic in nothing but the body's value: types made of it would cost more than the lock.
    func runAtOnce<R: Sendable>(
        _ held: HeldGrant, _ body: @Sendable (Lease) async throws -> R
    ) async throws -> R {
        let lease = Lease(parts: [held], names: held.names, time: time)
        let value: R
        do {
            // A forced release may have come at once.
            try checkUsable(held)
            value = try await LockScope(client: world, lease: lease, owner: held.owner).run(body)
        } catch {
            let state = held.leaseState
            await endAtOnce(held)
            throw judged(error, lease, state, .none)
        }
        let state = held.leaseState
        await endAtOnce(held)
        if case .lost(let reason) = state { throw LockError.overran("\"\(lease.name)\"", reason) }
        return value
    }

    private func endAtOnce(_ held: HeldGrant) async {
        if !releaseAtOnce(held) { await releaseQuietly(held) }
        gate.leave()
    }

    /// Gives a grant back where that suspends nowhere.
    ///
    /// - Returns: Whether it is given back, or somebody else sees to it.
    private func releaseAtOnce(_ held: HeldGrant) -> Bool {
        guard held.claimAndBeginRelease() else { return true }
        registry.remove(held)
        let isReleased = plainEngine?.releaseAtOnce(held.names, held.token, held.lease) ?? false
        held.endRelease(succeeded: isReleased)
        if isReleased, instruments.areHeard { instruments.released(held, .released) }
        return isReleased
    }

    /// Whether no log, metric, span or observer tells of an acquire; what a release has to tell is told on either way.
    private var isUnheard: Bool { !instruments.areHeard && instruments.tracing.isSilent }

    /// The lease to ask with, if it needs no further check.
    private func plainLease(_ asked: Duration?) -> Duration? {
        let lease = asked ?? configuration.lease
        return lease > .zero && lease <= Limits.longestLease.duration && configuration.renewEvery == nil ? lease : nil
    }
}

extension AcquireOptions {
    /// Whether it asks for nothing but an exclusive lock.
    ///
    /// How long it would wait does not matter where the lock is free, but a negative wait is an error.
    fileprivate var isPlain: Bool {
        guard mode == .exclusive, fairness != .barging, priority == 0, require == nil, purpose.isEmpty,
            spinning == .zero, terms.isEmpty
        else { return false }
        if case .atMost(let duration) = patience { return duration >= .zero }
        return true
    }
}

extension HoldTerms {
    fileprivate var isEmpty: Bool {
        lockDelay == .zero && minimumHold == .zero && maximumHold == nil && progressWithin == nil
    }
}
