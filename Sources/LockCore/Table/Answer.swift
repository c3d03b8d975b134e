/// What a command's sender is told.
package enum Answer: Sendable, Hashable {
    /// Done, and there is nothing to tell.
    case done
    /// The session is open, with this renewal generation.
    case session(generation: UInt64)
    case granted(GrantRecord)
    /// The request waits; an effect will tell its end.
    case queued
    case busy
    case released
    /// The names of the grant were not all held under its token any more; what was held is released.
    case notHeld
    case downgraded(GrantRecord)
    /// A fair waiter comes first: the old grant is still held.
    case handOverRefused
    case valid(Bool)
    /// `waitsAtMost`: how long the acknowledgements may take.
    case revoked([FencingToken], waitsAtMost: TimeSpan)
    case register(StoreAnswer)
    case refused(Refusal)
}

/// One grant as the table answers it.
package struct GrantRecord: Sendable, Hashable {
    package var session: SessionID
    package var request: RequestID
    package var owner: OwnerID
    package var names: [LockName]
    package var mode: LockMode
    package var token: FencingToken
    /// How often its owner entered.
    package var count: UInt32
    package var grantedAt: LogTime
    /// When the cap on the total hold ends it.
    package var maximumHoldEnd: LogTime?
    package var note: HolderNote

    package init(
        session: SessionID, request: RequestID, owner: OwnerID, names: [LockName], mode: LockMode, token: FencingToken,
        count: UInt32, grantedAt: LogTime, maximumHoldEnd: LogTime?, note: HolderNote = HolderNote()
    ) {
        (self.session, self.request, self.owner, self.names) = (session, request, owner, names)
        (self.mode, self.token, self.count) = (mode, token, count)
        (self.grantedAt, self.maximumHoldEnd, self.note) = (grantedAt, maximumHoldEnd, note)
    }
}

/// Why a command was not carried out.
///
/// None of these is a bug of ours; each did not happen.
package enum Refusal: Sendable, Hashable {
    case unknownSession
    case sessionBoundToAnother
    case badLease
    case badNames
    case badPermits
    case badTerms
    case noteTooLong
    case kindMismatch(LockKind)
    /// The owner holds the name and may not, or does not want to, enter again.
    case reentry
    case upgrade
    /// The owners from the asking one around to itself.
    case deadlock([OwnerID])
    case recovering(until: LogTime)
    case tooManySessions
    case tooManyWaiters
    case tooManyGrants
    case tooManyOutstanding
    /// The client has said that it has this answer already.
    case sequenceDone
    /// The same sequence was used for another command.
    case sequenceReused
    case requestReused
    case notExclusive
    case tokensExhausted
    case downgradeOfFeatureLevel
    case valueTooLong
    case tooManyRegisters
    /// No grant has had it yet.
    case unknownToken
}
