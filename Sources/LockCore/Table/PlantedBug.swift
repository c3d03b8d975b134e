/// Mistakes a table can be told to make, one for each invariant that would notice.
///
/// Compiled into debug builds, and into release builds with the trait `PlantedBugs`.
package enum PlantedBug: String, CaseIterable, Sendable {
    /// An expiry ignores that the session was renewed since (S4).
    case expiryIgnoresGeneration
    /// A waiter whose deadline passed stays in the queue and is granted (R3).
    case grantToDeadWaiter
    /// A release frees whoever holds the name, whatever its token (S7).
    case releaseWithoutToken
    /// The queue is served from its tail (S9).
    case lastInFirstOut
    /// The dedup table is missing from snapshots (S7, RULES 16).
    case dedupLostInSnapshot
    /// The next token is missing from snapshots: tokens repeat (S2).
    case tokenLostInSnapshot
    /// Two grants of one command share a token (S2, RULES 35).
    case tokenReusedForNextGrant
    /// Readers pass a waiting writer (RULES 14).
    case readersOvertakeWriter
    /// A semaphore forgets one permit in use (S1).
    case permitMiscounted
    /// An expired exclusive holder leaves no lock-delay (S10).
    case lockDelaySkipped
    /// A clean release leaves a lock-delay (S10).
    case lockDelayAfterRelease
    /// A hand-over keeps its token (RULES 35).
    case handOverKeepsToken
    /// Only the first name of a several-name grant is checked for being free (S1).
    case onlyFirstNameChecked
    /// A cancelled wait does not let the next one in (the head would be blocked by nothing).
    case cancelDoesNotServe
    /// The wait that closes a circle is accepted (RULES 12).
    case circleAccepted
    /// The cap on the total hold is not kept (R16).
    case holdLimitIgnored
    /// A second exclusive grant is made for the same owner instead of counting (R54, R55).
    case reentryMakesSecondGrant
    /// Priorities may overtake without bound (RULES 14).
    case unboundedOvertaking
    /// A request for several names counts as several overtakings of one waiter (RULES 14).
    case overtakingsCountedTwice
    /// The acknowledgement of a forced release leaves no lock-delay (S10, RULES 19).
    case acknowledgementWithoutDelay
    /// A wait that was issued again under another sequence is settled under its first only (RULES 16, 26).
    case onlyFirstSequenceSettled
    /// A register takes a store under a token older than one it has seen (S6).
    case registerIgnoresToken
    /// A register whose value was removed forgets the tokens it has seen (S6).
    case removalForgetsToken
    /// A store that rests on a value which is not there any more is accepted.
    case registerIgnoresRevision
    /// A value is kept beyond the time it was stored for.
    case registerOutlivesItsTime
}

extension LockTable {
    /// Whether this build has the mistakes in it: debug builds do, release builds with the trait `PlantedBugs`.
    package static var takesPlantedBugs: Bool {
        #if DEBUG || PlantedBugs
            true
        #else
            false
        #endif
    }

    /// Makes the table make this mistake from now on, or none; without effect where the build has no mistakes in it.
    package mutating func plant(_ bug: PlantedBug?) {
        #if DEBUG || PlantedBugs
            plantedBug = bug
        #endif
    }

    /// Whether the table is to make this mistake; always `false` where the build has no mistakes in it.
    @inline(__always)
    func makes(_ bug: PlantedBug) -> Bool {
        #if DEBUG || PlantedBugs
            plantedBug == bug
        #else
            false
        #endif
    }
}
