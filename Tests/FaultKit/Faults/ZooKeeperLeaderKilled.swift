import Lockstead
import LocksteadTesting
import TestServers

/// F-Z4: the leader is killed, again and again, while nodes are made: none is left that nobody waits by (R23).
struct ZooKeeperLeaderKilled: FaultPlay {
    /// Longer than an election and the patience with a server that does not answer.
    let lease: Duration? = .seconds(8)
    private static let times = 3

    func crowd(_ mode: FaultMode) -> Crowd {
        var crowd = Crowd()
        crowd.tasks = 6
        return crowd
    }

    func bring(to stage: Stage) async throws {
        guard let engine = stage.engine as? ZooKeeperUnderFault else { throw Obstacle("this engine has no leader") }
        try await stage.open()
        stage.begin("leader", "killed \(Self.times) times")
        stage.strike()
        for _ in 0..<Self.times {
            let leader = try await engine.ensemble.awaitLeader()
            leader.kill()
            try await Aftermath.await(stage)
            try await leader.restart()
        }
        stage.cease("leader")
        try await stage.close()
        // Those who were at it when they were told to rest.
        try await stage.pass(.seconds(2))
        let left = try engine.leftOver(of: stage.names)
        stage.check(left.isEmpty, "nodes left over: \(left)")
    }
}
