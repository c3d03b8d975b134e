/// One lock as the table sees it, for `inspect`, `ls` and tests.
package struct LockView: Sendable, Hashable {
    package var name: LockName
    package var kind: LockKind
    package var holders: [HolderView]
    package var waiters: [WaiterView]
    package var waiterCount: Int
}

package struct HolderView: Sendable, Hashable {
    package var session: SessionID
    package var request: RequestID
    package var owner: OwnerID
    package var mode: LockMode
    package var token: FencingToken
    package var count: UInt32
    package var phase: HolderPhase
    package var grantedAt: LogTime
    package var maximumHoldEnd: LogTime?
    package var note: HolderNote
}

package struct WaiterView: Sendable, Hashable {
    package var session: SessionID
    package var request: RequestID
    package var owner: OwnerID
    package var names: [LockName]
    package var mode: LockMode
    package var since: LogTime
    package var deadline: LogTime
    package var note: HolderNote
}

/// What a holder's entry stands for.
///
/// All but `held` keep the lock closed until their time.
package enum HolderPhase: Sendable, Hashable {
    case held
    /// Can transition to: gone (acknowledged), `lockDelay`.
    case revoked(until: LogTime)
    /// Its owner is gone; the entry closes the lock until then.
    case lockDelay(until: LogTime)
    /// It was released early; the entry closes the lock until then.
    case minimumHold(until: LogTime)
}
