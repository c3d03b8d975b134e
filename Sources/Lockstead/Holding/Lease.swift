public import LockCore

/// What a holder has while it holds: the token, the state, and what happens to it.
///
/// Belief is compared with the clock at each read. It is still only a belief: between a read and the act that rests on it the process may
/// pause; pass ``token`` to the resource, which refuses stale ones.
public final class Lease: Sendable {
    /// One grant; several where names were acquired one by one or entered again.
    let parts: [HeldGrant]
    /// The names it covers, sorted.
    public let names: [LockName]
    private let time: any TimeSource

    /// - Precondition: `parts` has at least one grant, and `names` one name that a part covers.
    init(parts: [HeldGrant], names: [LockName], time: any TimeSource) {
        precondition(!parts.isEmpty && !names.isEmpty, "a lease covers at least one grant and one name")
        (self.parts, self.names, self.time) = (parts, names, time)
    }

    /// The lease of the innermost body of `withLock` that the current task runs in, or `nil` outside of all.
    public static var current: Lease? { LockScope.current?.lease }

    /// The name, or the first of several.
    public var name: LockName { names[0] }

    /// The fencing token of ``name``.
    ///
    /// Entering again keeps it; a newer grant has a higher one.
    public var token: FencingToken { part(covering: name).token }

    /// How the grant excludes others.
    public var mode: LockMode { part(covering: name).mode }

    /// What the grant promises; of several grants, the weakest of each.
    public var guarantee: Guarantee {
        Guarantee(
            exclusion: parts.lazy.map(\.guarantee.exclusion).min() ?? .advisory,
            scope: parts.lazy.map(\.guarantee.scope).min() ?? .process,
            fencing: parts.lazy.map(\.guarantee.fencing).min() ?? .none)
    }

    /// What to believe now.
    ///
    /// Of several grants, the worst.
    public var state: LeaseState {
        var worst = LeaseState.held
        for part in parts {
            switch part.leaseState {
            case .lost(let reason): return .lost(reason)
            case .suspect(let reason): worst = .suspect(reason)
            case .held: break
            }
        }
        return worst
    }

    /// Whether the state is `held` now.
    public var isHeld: Bool { state == .held }

    /// Until when the lease may be believed without a renewal; `nil`: it cannot run out.
    public var validUntil: ContinuousTime? { parts.lazy.compactMap(\.validUntil).min() }

    /// The token of one name.
    ///
    /// - Parameter name: One of ``names``.
    /// - Returns: Its token, or `nil` where the lease does not cover the name.
    public func token(for name: some LockNaming) -> FencingToken? {
        guard let name = try? name.lockName() else { return nil }  // What is no name is not covered either.
        return names.contains(name) ? part(covering: name).token : nil
    }

    /// Where the engine's own store has the lock of one name, for a program that writes into the same store and can have the store check.
    ///
    /// On etcd it is the key whose create revision is the ``token``, as long as the lock is held and no longer: a transaction that
    /// compares the two is refused once the lock is lost, whatever this process still believes. Guarantee: the store's own, without any
    /// timing assumption (S6). Asks nobody.
    ///
    /// - Parameter name: One of ``names``.
    /// - Returns: The key, or `nil` where the lease does not cover the name or the engine has no key of that kind.
    public func storeKey(for name: some LockNaming) -> String? {
        // What is no name is not covered either.
        guard let name = try? name.lockName(), names.contains(name) else { return nil }
        let grant = part(covering: name).grant
        guard let index = grant.names.firstIndex(of: name), grant.keys.indices.contains(index) else { return nil }
        return grant.keys[index]
    }

    /// Makes sure that the lock is held and so much time is left; asks nobody.
    ///
    /// - Parameter duration: How long the next step takes at most.
    /// - Throws: `LockError` with the code `leaseLost` where the lock is lost, in doubt, or ends sooner.
    public func ensure(atLeast duration: Duration) throws(LockError) {
        for part in parts {
            let (state, remaining) = part.outlook
            guard case .held = state else { throw Self.notHeld(name, state) }
            if let remaining, remaining < duration {
                throw LockError(
                    .leaseLost,
                    "The lease of \"\(name)\" has \(remaining) left and \(duration) are needed; ask for a longer lease or do less in one step.",
                    effect: .didNotHappen, bodyFinished: false)
            }
        }
    }

    /// Says that the work under the lock gets on.
    ///
    /// With ``HoldTerms/progressWithin`` the lease is renewed only while this is called often enough; without it, it does nothing. Costs a
    /// reading of the clock and asks nobody. What has been stopped already is not revived. A report inside a body that entered again
    /// counts for the outer one too: it is the same grant.
    public func reportProgress() {
        for part in parts { part.reportProgress() }
    }

    private func part(covering name: LockName) -> HeldGrant {
        parts.first { $0.names.contains(name) } ?? parts[0]
    }

    private static func notHeld(_ name: LockName, _ state: LeaseState) -> LockError {
        LockError(
            .leaseLost, "The lock \"\(name)\" is \(state.inWords); stop, and start over under a new lock.",
            effect: .didNotHappen, bodyFinished: false)
    }
}

extension Lease {
    /// What happens to the lease from now on, in order; the stream ends with the release, or some time after a loss.
    ///
    /// Each call returns a stream of its own. A reader that falls far behind misses the oldest events. Of several grants, the events of each.
    public func events() -> AsyncStream<LeaseEvent> {
        guard parts.count > 1 else { return parts[0].events() }
        return mergedEvents()
    }

    /// Calls `action` when the body must stop; at once where that has passed.
    func onStop(_ action: @escaping @Sendable () -> Void) {
        for part in parts { part.onStop(action) }
    }

    /// Whether this lease keeps others, and its own descendants, away from `name`.
    ///
    /// Permits count each for themselves.
    func excludes(_ name: LockName) -> Bool {
        guard names.contains(name) else { return false }
        if case .permits = part(covering: name).mode { return false }
        return true
    }

    /// The grant that covers `name`, where there is one.
    func grantCovering(_ name: LockName) -> HeldGrant? { parts.first { $0.names.contains(name) } }
}

extension LeaseState {
    /// For messages: `held`, `in doubt (…)`, `lost (…)`.
    var inWords: String {
        switch self {
        case .held: "held"
        case .suspect(let reason): "in doubt (\(reason))"
        case .lost(let reason): "lost (\(reason.inWords))"
        }
    }
}

extension LossReason {
    /// For messages.
    var inWords: String {
        switch self {
        case .expired: "the lease ran out"
        case .revoked(let reason): "released by force: \(reason)"
        case .stalled: "no progress was reported in time, so the lease was let run out"
        case .holdLimit: "the cap on the total hold was reached"
        case .superseded: "the engine has another owner, or none"
        case .engineLost(let detail): "the engine lost it: \(detail)"
        case .abandoned: "the handle was dropped without a release"
        case .released: "it was released"
        }
    }
}
