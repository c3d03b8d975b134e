import Lockstead

/// How one fault is brought, whatever the engine.
protocol FaultPlay: Sendable {
    /// Whether workers reach the engine through relays, where it has a network.
    var needsRelays: Bool { get }
    /// Whether there is no such fault without a network.
    var needsNetwork: Bool { get }
    /// Whether workers' clocks are in our hand.
    var needsPreloads: Bool { get }
    /// A lease of its own, where the engine's usual one does not fit.
    var lease: Duration? { get }
    /// What the workers do besides.
    func crowd(_ mode: FaultMode) -> Crowd
    /// Brings the fault and heals it; at the end nobody holds the prize.
    func bring(to stage: Stage) async throws
}

extension FaultPlay {
    var needsRelays: Bool { false }
    var needsNetwork: Bool { needsRelays }
    var needsPreloads: Bool { false }
    var lease: Duration? { nil }
    func crowd(_ mode: FaultMode) -> Crowd { Crowd() }
}

/// Every fault there is.
enum FaultCatalogue {
    static func play(of fault: FaultID) -> any FaultPlay {
        switch fault {
        case .clientPaused: ClientPaused()
        case .clientKilled: ClientKilled()
        case .clientCutOff: ClientCutOff()
        case .clientClock: ClientClock()
        case .answerLost: AnswerLost()
        case .badNetwork: BadNetwork()
        case .serverKilled: ServerKilled()
        case .serverClock: ServerClock()
        case .primaryReplaced, .acknowledgedReplaced: PrimaryReplaced()
        case .clusterChanged: ClusterChanged()
        case .redlockNodes: RedlockNodes()
        case .leaderLost: EtcdLeaderLost()
        case .keepAliveBlocked: EtcdKeepAliveBlocked()
        case .syncStalled: EtcdSyncStalled()
        case .queueDisturbed: EtcdQueueDisturbed()
        case .serverGone: ZooKeeperServerGone()
        case .sessionEnded: ZooKeeperSessionEnded()
        case .followerCutOff, .leaderDeposed: ZooKeeperServerDeposed()
        case .leaderKilled: ZooKeeperLeaderKilled()
        case .numbersBegin: ZooKeeperNumbersBegin()
        }
    }
}
