/// Mistakes a `SessionKeeper` can be told to make, one for each sentence of RULES 22 that one node can break.
///
/// Compiled into debug builds, and into release builds with the trait `PlantedBugs`.
package enum KeeperBug: String, CaseIterable, Sendable {
    /// A heartbeat counts from its confirmation instead of its arrival (22a).
    case deadlineMovesOnConfirmation
    /// A heartbeat is confirmed although the session's expiry is in the log (22b).
    case confirmsBesidePendingExpire
    /// A heartbeat is confirmed although a forced release is in the log (RULES 19).
    case confirmsBesidePendingRevocation
    /// A new leader confirms before its barrier is applied (22c).
    case actsBeforeBarrier
    /// A heartbeat is confirmed without asking whether this is still the leader (22d).
    case confirmsWithoutRound
    /// A heartbeat is confirmed by a round that started before it arrived (22a).
    case earlierRoundCounts
    /// A new leader does not start sessions at their full TTL (S3).
    case newLeaderCountsShort
    /// The generation counts heartbeats, which are not logged: no expiry ever counts (22e).
    case generationCountsHeartbeats
}

extension SessionKeeper {
    /// Makes the keeper make this mistake from now on, or none; without effect where the build has no mistakes in it.
    package mutating func plant(_ bug: KeeperBug?) {
        #if DEBUG || PlantedBugs
            plantedBug = bug
        #endif
    }

    /// Whether the keeper is to make this mistake; always `false` where the build has no mistakes in it.
    @inline(__always)
    func makes(_ bug: KeeperBug) -> Bool {
        #if DEBUG || PlantedBugs
            plantedBug == bug
        #else
            false
        #endif
    }
}
