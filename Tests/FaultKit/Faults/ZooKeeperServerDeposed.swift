import Lockstead
import LocksteadTesting
import TestServers

/// F-Z3 and F-Z6: the server that the holder is linked to is cut off from its peers, and answers on; the holder has to know its loss before
/// the others free the lock.
struct ZooKeeperServerDeposed: FaultPlay {
    enum Mode: String, CaseIterable {
        case follower = "follower cut off from its peers"
        case leader = "leader cut off from its followers"
    }

    /// Longer than an election.
    let lease: Duration? = .seconds(8)
    /// For so long the first server waits for its peers: longer than the others keep its clients' sessions.
    static let ticksOfPatience = 150

    func bring(to stage: Stage) async throws {
        guard let engine = stage.engine as? ZooKeeperUnderFault, let mode = Mode(rawValue: stage.mode.name) else {
            throw Obstacle("this engine has no servers")
        }
        let servers = engine.ensemble.servers
        guard servers[0].leads == (mode == .leader) else { throw Obstacle("another server leads") }
        do { try await cut(engine, mode, stage) } catch {
            // A worker that is cut off cannot end in good order.
            try? await engine.partition(false)
            throw error
        }
        try await stage.close()
    }

    private func cut(_ engine: ZooKeeperUnderFault, _ mode: Mode, _ stage: Stage) async throws {
        let servers = engine.ensemble.servers
        let (naive, isHeld, isTaken) = (HistoryRecorder(), Watched(false), Watched(false))
        let belief: NaiveZooKeeper.Belief = mode == .follower ? .pings : .syncs
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await NaiveZooKeeper.hold("naive", at: servers[0], by: belief, naive, isHeld) }
            guard await isHeld.until(within: .seconds(10), { $0 }) else {
                throw Obstacle("the naive client gets no lock")
            }
            try await stage.open()
            stage.begin("cut", mode.rawValue)
            let begin = stage.time.now
            try await engine.partition(true)
            try await engine.ensemble.awaitLeader(among: 1...)
            // Its session would not outlast an election.
            group.addTask { await NaiveZooKeeper.hold("naive", at: servers[1], by: belief, naive, isTaken) }
            stage.strike()
            try await Outcast.isSucceeded(stage, since: begin)
            stage.check(
                await isTaken.until(within: .seconds(10), { $0 }), "control: another naive client is granted the lock")
            group.cancelAll()
            try await group.waitForAll()
        }
        try await engine.partition(false)
        stage.cease("cut")
        try await Outcast.isRefused(stage)
        let judgement = try naive.judge()
        let (count, grants) = (judgement.violationCount, judgement.statistics.grants)
        stage.check(
            count > 0, "control: \(count) violations of clients that trust \(belief) alone, in \(grants) grants")
    }
}
