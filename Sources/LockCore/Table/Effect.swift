/// What a command did to others than its sender, in order.
///
/// Streams, answers, audit and metrics are fed from these alone.
package enum Effect: Sendable, Hashable {
    case granted(GrantRecord)
    /// An exclusive grant became a shared one, under its token.
    case downgraded(GrantRecord)
    /// One name of a grant was given back.
    case released(HolderEvent)
    /// One name of a grant ended by itself.
    case expired(HolderEvent, ExpiryCause)
    /// One name of a grant was revoked; its holder must acknowledge by releasing.
    case revoked(HolderEvent, reason: String)
    case queued(WaiterEvent)
    case waitEnded(WaiterEvent, WaitEnd)
    case deadlockFound([OwnerID])
    case sessionLost(SessionID)
    case registerChanged(RegisterEvent)
}

package enum ExpiryCause: UInt8, Sendable, Hashable {
    case session, holdLimit
    /// It was revoked, and its holder did not acknowledge in time.
    case revocation
}

package enum WaitEnd: Sendable, Hashable { case timedOut, cancelled, sessionLost, refused(Refusal) }

/// One name of one grant.
package struct HolderEvent: Sendable, Hashable {
    package var name: LockName
    package var session: SessionID
    package var request: RequestID
    package var owner: OwnerID
    package var mode: LockMode
    package var token: FencingToken
    package var note = HolderNote()
}

/// One waiting request.
package struct WaiterEvent: Sendable, Hashable {
    package var names: [LockName]
    package var session: SessionID
    package var request: RequestID
    package var owner: OwnerID
    package var mode: LockMode
    package var note = HolderNote()
}
