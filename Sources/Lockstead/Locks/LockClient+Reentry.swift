import LockCore

extension LockClient {
    /// What of a call the calling task holds already, and what is to be acquired.
    struct Entry: Sendable {
        var held: [HeldGrant] = []
        var missing: [LockName]
    }

    /// Judges a scope's call by the scopes around it (RULES 13).
    ///
    /// Permits are outside of it: each counts.
    func entry(for call: Call) throws(LockError) -> Entry {
        if case .permits = call.options.mode { return Entry(missing: call.names) }
        guard LockScope.current != nil else { return Entry(missing: call.names) }
        var entry = Entry(missing: [])
        for name in call.names {
            switch LockScope.standing(to: name, client: world) {
            case .free: entry.missing.append(name)
            case .ancestors: throw Self.wouldDeadlock(name)
            case .own(let scope): try entry.reenter(name, scope, call.options)
            }
        }
        return entry
    }

    /// Handles never enter again: what the calling task or an ancestor holds can only be waited for in vain.
    func refuseIfHeldAround(_ call: Call) throws(LockError) {
        if case .permits = call.options.mode { return }
        guard LockScope.current != nil else { return }
        for name in call.names {
            if case .free = LockScope.standing(to: name, client: world) { continue }
            throw LockError(
                .wouldDeadlock,
                "The lock \"\(name)\" is held by a withLock around this call, and a handle never enters again; use withLock here, or acquire outside.",
                effect: .didNotHappen)
        }
    }

    private static func wouldDeadlock(_ name: LockName) -> LockError {
        LockError(
            .wouldDeadlock,
            "The lock \"\(name)\" is held by a withLock of a parent task, which may be waiting for this one; only the task that runs the body may enter again. Acquire it in the body itself, or start this task outside of it.",
            effect: .didNotHappen)
    }
}

extension LockClient.Entry {
    fileprivate mutating func reenter(_ name: LockName, _ scope: LockScope, _ options: AcquireOptions)
        throws(LockError)
    {
        guard let grant = scope.lease.grantCovering(name) else { return missing.append(name) }
        if options.reentry == .refused {
            throw LockError(
                .reentryRefused, "This task holds the lock \"\(name)\" already and asked not to enter again.",
                effect: .didNotHappen)
        }
        if options.mode == .exclusive, grant.mode == .shared {
            throw LockError(
                .upgradeRefused,
                "This task holds the lock \"\(name)\" shared; two upgrades would wait for each other. Release it first, or take it exclusively and downgrade.",
                effect: .didNotHappen)
        }
        if case .lost(let reason) = grant.leaseState {
            throw LockError(
                .leaseLost, "The lock \"\(name)\" around this call is lost (\(reason.inWords)); stop and start over.",
                effect: .didNotHappen, bodyFinished: false)
        }
        if !held.contains(where: { $0 === grant }) { held.append(grant) }
    }
}
