/// Mistakes of clients, of the service around the table and of guarded resources, one for each invariant that would notice.
package enum SessionBug: String, CaseIterable, Sendable {
    /// The lease counts from the answer (S5, RULES 2).
    case leaseFromAnswer
    /// A heartbeat that is sent again counts from then (S5, RULES 2).
    case leaseFromRetry
    /// A clock error is allowed for on one side only (S5, RULES 1).
    case oneSidedRateError
    /// The state is remembered instead of computed when it is read (S5, RULES 3).
    case stateCached
    /// A handle says held until its release is answered (S5, RULES 2).
    case heldUntilReleaseAnswered
    /// A renewal under way revives a handle that is being released (S5).
    case renewalAfterRelease
    /// A client whose session was lost opens another and keeps its handles (S5).
    case sessionAdoptedAfterLoss
    /// A late copy of a grant makes a handle of a request that is over (S5, S7).
    case lateGrantAccepted
    /// A grant counts from the session's last renewal, even where its message is older than that (S5, RULES 22f).
    case grantOutlivesItsProof
    /// A grant counts from a message that was sent after a forced release went into the log (S5, RULES 22f).
    case grantProvedBesidePendingRevocation
    /// A retry is told of a grant that was revoked since (S5, RULES 22f).
    case endedGrantRetold
    /// Any answer of the service counts as a renewal (S5, RULES 22e).
    case anyAnswerRenews
    /// A revoked grant is acknowledged while its holder goes on (S5, RULES 19).
    case acknowledgedUnheeded
    /// A client closes its session while its handles say held (S5).
    case closedWhileHeld
    /// A retry goes out as a new request (S7; somebody holds what nobody knows of).
    case retryIsNewRequest
    /// A wait is withdrawn although the request itself may still be on its way (the lock is granted to nobody).
    case cancelOvertakesRequest
    /// After a restart what was applied since the snapshot is missing (S1, S2).
    case tailLostInRestart
    /// A new leader stamps commands by a clock of its own (S10, RULES 4).
    case logTimeOfOwnClock
    /// A resource takes any token (S6).
    case guardIgnoresToken
    /// A resource looks at the tokens of writes only (S6b, RULES 8).
    case guardChecksWritesOnly
}
