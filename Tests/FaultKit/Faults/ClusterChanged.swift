import Lockstead
import LocksteadTesting

/// F-R5: the slot of busy locks moves back and forth between the nodes of a cluster, or their primary goes and a replica takes over.
struct ClusterChanged: FaultPlay {
    /// Longer than a failover takes.
    let lease: Duration? = .seconds(8)
    private static let moves = 8
    private static let leastRate = 1_000

    /// The hot slot is that of the prize.
    func crowd(_ mode: FaultMode) -> Crowd {
        guard Self.isResharding(mode) else { return Crowd() }
        let names = (0..<6).map { "{\(Stage.prize)}-\($0)" }
        return Crowd(names: names, tasks: 2, hold: 0, writesEvery: 50, rushing: 8)
    }

    private static func isResharding(_ mode: FaultMode) -> Bool { mode.name.contains("resharded") }

    func bring(to stage: Stage) async throws {
        if Self.isResharding(stage.mode) { try await reshard(stage) } else { try await failOver(stage) }
    }

    // MARK: Resharding

    private func reshard(_ stage: Stage) async throws {
        let naive = HistoryRecorder()
        try await stage.open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await stage.engine.runNaive("{\(Stage.prize)}-naive", naive) }
            try await moveBackAndForth(stage)
            group.cancelAll()
            try await group.waitForAll()
        }
        stage.check(!stage.workers[0].hasSaid("lost \(Stage.prize)"), "the holder keeps its lock")
        stage.check(!stage.workers[1].hasSaid("inside \(Stage.prize)"), "nobody else gets it meanwhile")
        try await stage.close()
        try await stage.pass(.milliseconds(500))
        let judgement = try naive.judge()
        stage.check(
            judgement.violationCount > 0,
            "control: \(judgement.violationCount) violations of GET-then-EXPIRE in \(judgement.statistics.grants) grants"
        )
    }

    private func moveBackAndForth(_ stage: Stage) async throws {
        try await stage.pass(.seconds(1))
        stage.begin("reshard", "\(Self.moves) moves")
        let begin = stage.time.now
        for _ in 0..<Self.moves {
            try await stage.engine.moveSlot(of: Stage.prize)
            try await stage.pass(.milliseconds(500))
        }
        let end = stage.time.now
        stage.cease("reshard")
        stage.later { facts in
            let count = facts.acquires(from: begin.nanoseconds, to: end.nanoseconds)
            let rate = count * 1_000 / max(1, Int(begin.duration(to: end).milliseconds))
            stage.note("\(rate) acquires/s during \(Self.moves) moves of the slot")
            return rate >= Self.leastRate ? nil : "only \(rate) acquires/s (at least \(Self.leastRate))"
        }
    }

    // MARK: Failover

    private func failOver(_ stage: Stage) async throws {
        let (isStopped, isBehind) = (stage.mode.name.contains("stopped"), stage.mode.name.contains("behind"))
        if isBehind { try await stage.engine.detachReplica(of: Stage.prize) }
        try await stage.open()
        stage.begin(isStopped ? "stop" : "kill", "primary")
        let begin = stage.time.now
        try await stage.engine.takeDownPrimary(of: Stage.prize, isStopped: isStopped)
        stage.strike()
        let took = stage.time.now
        stage.note("a replica took over after \(begin.duration(to: took).milliseconds) ms")
        stage.later { facts in recovery(facts, took) }
        _ = try await stage.workers[0].hear("doubt \(Stage.prize)", within: .seconds(5))
        let doubted = took.duration(to: stage.time.now)
        stage.check(doubted < .seconds(1), "the holder is in doubt within \(max(0, doubted.milliseconds)) ms of that")
        try await Aftermath.await(stage)
        try await stage.engine.bringBack()
        stage.cease(isStopped ? "stop" : "kill")
        try await stage.close()
    }

    /// When the others notice is the cluster's setting; from the takeover on a second is enough.
    private func recovery(_ facts: HistoryFacts, _ took: ContinuousTime) -> String? {
        guard let first = facts.firstGrant(after: took.nanoseconds) else { return "nothing was granted afterwards" }
        let wait = (first - took.nanoseconds) / 1_000_000
        return wait <= 1_000 ? nil : "the first new grant came \(wait) ms after the takeover (at most 1000)"
    }
}
