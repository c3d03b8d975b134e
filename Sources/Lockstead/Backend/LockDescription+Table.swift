import LockCore

extension LockDescription {
    /// A table's view of a lock as the public sees it.
    ///
    /// - Parameters:
    ///   - view: What the table tells.
    ///   - now: The time of asking.
    ///   - remaining: How long a holder still has without a renewal, where the engine knows.
    package init(_ view: LockView, at now: LogTime, remaining: (HolderView) -> Duration?) {
        self.init(
            name: view.name, kind: view.kind,
            holders: view.holders.map { Holder($0, at: now, remaining: remaining($0)) }.sorted { $0.token < $1.token },
            waiters: view.waiters.map { Waiter($0, at: now) }, waiterCount: view.waiterCount)
    }
}

extension LockDescription.Holder {
    fileprivate init(_ view: HolderView, at now: LogTime, remaining: Duration?) {
        self.init(
            owner: view.owner, mode: view.mode, token: view.token, phase: Phase(view.phase),
            heldFor: max(.zero, now - view.grantedAt).duration, remaining: remaining, note: view.note)
    }
}

extension LockDescription.Holder.Phase {
    fileprivate init(_ phase: HolderPhase) {
        switch phase {
        case .held: self = .held
        case .revoked: self = .revoked
        case .lockDelay: self = .lockDelay
        case .minimumHold: self = .minimumHold
        }
    }
}

extension LockDescription.Waiter {
    fileprivate init(_ view: WaiterView, at now: LogTime) {
        self.init(
            owner: view.owner, mode: view.mode, waitedFor: max(.zero, now - view.since).duration, note: view.note)
    }
}
