/// What goes wrong; in reports `F-G1` and so on, to keep them apart from regressions.
package enum FaultID: String, Sendable, Hashable, CaseIterable, Codable {
    /// A client is stopped inside of its critical section.
    case clientPaused = "G1"
    /// A client is killed.
    case clientKilled = "G2"
    /// A client is cut off from the engine.
    case clientCutOff = "G3"
    /// A client's wall clock jumps.
    case clientClock = "G4"
    /// The answer to an acquire is lost after the engine has granted it.
    case answerLost = "G5"
    /// A network that loses and delays.
    case badNetwork = "G6"
    /// The server is killed, or loses power, and starts again.
    case serverKilled = "R1"
    /// The server's wall clock jumps.
    case serverClock = "R2"
    /// The primary goes, or is cut off, and sentinels make another one.
    case primaryReplaced = "R3"
    /// The same where grants wait for a replica.
    case acknowledgedReplaced = "R4"
    /// The slot of a busy lock moves between a cluster's nodes, or its primary goes and is replaced.
    case clusterChanged = "R5"
    /// Independent nodes of one engine are down, empty or slow.
    case redlockNodes = "R6"
    /// The member of an etcd cluster that leads goes, or is cut off.
    case leaderLost = "E1"
    /// The signs of life of an etcd client do not arrive, or their answers do not.
    case keepAliveBlocked = "E2"
    /// The syncs of an etcd member do not return for longer than a lease.
    case syncStalled = "E3"
    /// Etcd's history is compacted, or leases are revoked, while clients wait.
    case queueDisturbed = "E4"
    /// Each server of a ZooKeeper ensemble goes in turn, and comes back.
    case serverGone = "Z1"
    /// A session of ZooKeeper ends while its client lives.
    case sessionEnded = "Z2"
    /// A follower is cut off from its peers while its client stays linked to it.
    case followerCutOff = "Z3"
    /// The leader is killed while nodes are made.
    case leaderKilled = "Z4"
    /// Queues' nodes are removed, or their numbers come to their end.
    case numbersBegin = "Z5"
    /// The leader is cut off from its followers while its client stays linked to it.
    case leaderDeposed = "Z6"

    /// As it is written.
    package var text: String { "F-\(rawValue)" }

    /// Reads `G1` or `F-G1`, in any case.
    package init?(_ text: String) {
        let upper = text.uppercased()
        self.init(rawValue: upper.hasPrefix("F-") ? String(upper.dropFirst(2)) : upper)
    }
}
