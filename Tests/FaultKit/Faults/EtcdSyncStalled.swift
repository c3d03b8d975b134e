import TestServers
import Lockstead
import LocksteadEngines
import LocksteadTesting
import Logging

/// F-E3: the disk of the member that all clients ask stalls for longer than a lease.
struct EtcdSyncStalled: FaultPlay {
    enum Mode: String, CaseIterable {
        /// It follows another.
        case follower = "follower stalled, then goes on"
        /// It leads, believes so for as long as it stalls, and answers signs of life; what it would do afterwards it does not live to do.
        case leaderKilled = "leader's log stalled, then killed"
        /// The same, and the holder knows no other member.
        case leaderAlone = "leader's log stalled, its client knows no other"
        /// It leads, and when it goes on revokes the leases that have run out by its own knowledge, though others kept them alive.
        case leaderResumed = "leader stalled, then goes on"
    }

    /// Longer than an election and the patience with a member that does not answer.
    let lease: Duration? = .seconds(8)

    func bring(to stage: Stage) async throws {
        guard let engine = stage.engine as? EtcdUnderFault, let mode = Mode(rawValue: stage.mode.name) else {
            throw Obstacle("this engine has no members")
        }
        try await engine.cluster.letLead(engine.cluster.members[mode == .follower ? 1 : 0])
        switch mode {
        case .follower: try await stallFollower(engine, stage)
        case .leaderKilled: try await stallBesideNaive(engine, stage)
        case .leaderAlone: try await stallForOne(engine, stage)
        case .leaderResumed: try await stallAndResume(engine, stage)
        }
        try await stage.close()
    }

    /// - Returns: When it began.
    private func stall(
        _ engine: EtcdUnderFault, _ stage: Stage, ofLogAlone: Bool = false
    ) async throws -> ContinuousTime {
        stage.begin("stall", stage.mode.name)
        let begin = stage.time.now
        try await engine.stallSyncs(ofLogAlone: ofLogAlone)
        try await engine.cluster.awaitLeader(among: 1...)
        stage.strike()
        let struck = stage.time.now
        stage.note("one of the others led \(begin.duration(to: struck).milliseconds) ms after the stall began")
        stage.later { $0.lateness(since: begin, from: struck, atMost: .seconds(5)) }
        return begin
    }

    private func checkIsKept(_ stage: Stage) async throws {
        try await stage.pass(.seconds(2))
        stage.check(
            !stage.workers[0].hasSaid("lost \(Stage.prize)"), "the holder keeps its lock when the member is back")
    }

    // MARK: A follower

    private func stallFollower(_ engine: EtcdUnderFault, _ stage: Stage) async throws {
        try await stage.open()
        _ = try await stall(engine, stage)
        try await Aftermath.await(stage)
        try await resume(engine, stage)
        try await checkIsKept(stage)
    }

    private func resume(_ engine: EtcdUnderFault, _ stage: Stage) async throws {
        let count = await engine.resumeSyncs()
        stage.cease("stall")
        stage.check(count > 0, "\(count) syncs were held")
    }

    // MARK: A leader that does not know that it is none

    /// Who trusts the old leader's answers to signs of life holds a lock that another has got.
    private func stallBesideNaive(_ engine: EtcdUnderFault, _ stage: Stage) async throws {
        let (naive, isHeld, isTaken) = (HistoryRecorder(), Watched(false), Watched(false))
        let members = engine.cluster.members
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await NaiveEtcd.hold("naive", at: members[0], naive, isHeld) }
            guard await isHeld.until(within: .seconds(10), { $0 }) else { throw Obstacle("etcdctl gets no lock") }
            group.addTask { await NaiveEtcd.hold("naive", at: members[1], naive, isTaken) }
            try await stage.open()
            _ = try await stall(engine, stage, ofLogAlone: true)
            try await Aftermath.await(stage)
            let count = engine.killStalled()
            stage.check(count > 0, "\(count) syncs were held")
            group.cancelAll()
            try await group.waitForAll()
        }
        try await members[0].restart()
        stage.cease("stall")
        try await checkIsKept(stage)
        let judgement = try naive.judge()
        let (count, grants) = (judgement.violationCount, judgement.statistics.grants)
        stage.check(
            count > 0, "control: \(count) violations of clients that trust signs of life alone, in \(grants) grants")
    }

    /// Its signs of life are answered for as long as it likes, and prove nothing.
    private func stallForOne(_ engine: EtcdUnderFault, _ stage: Stage) async throws {
        try await stage.open()
        let begin = try await stall(engine, stage, ofLogAlone: true)
        try await Outcast.isSucceeded(stage, since: begin)
        let count = engine.killStalled()
        stage.check(count > 0, "\(count) syncs were held")
        try await engine.cluster.members[0].restart()
        stage.cease("stall")
        try await Outcast.isRefused(stage)
    }

    // MARK: A leader that goes on

    /// The second worker comes when another member leads already: of its lease the old leader knows nothing that it could revoke.
    private func stallAndResume(_ engine: EtcdUnderFault, _ stage: Stage) async throws {
        let (victim, heir) = (stage.workers[0], stage.workers[1])
        try await checkGuarantee(stage)
        victim.say("hold \(Stage.prize)")
        _ = try await victim.hear("inside \(Stage.prize)")
        for worker in [victim, stage.workers[2]] { worker.say("work") }
        try await stage.pass(.milliseconds(500))
        let begin = try await stall(engine, stage)
        for order in ["hold \(Stage.prize)", "work"] { heir.say(order) }
        try await stage.time.sleep(until: begin.advanced(by: stage.lease + .seconds(4)))
        stage.check(!victim.hasSaid("lost \(Stage.prize)"), "the holder renewed its lease while the old leader stalled")
        stage.check(!heir.hasSaid("inside \(Stage.prize)"), "nobody else had got it by then")
        try await resume(engine, stage)
        _ = try await heir.hear("inside \(Stage.prize)", within: .seconds(5))
        stage.note("the old leader's revocation of a live lease was carried out, and the next one had the lock")
        _ = try await victim.hear("lost \(Stage.prize)", within: stage.lease)
        try await Outcast.isRefused(stage)
    }

    /// Whoever asks for more than this version keeps is told so.
    private func checkGuarantee(_ stage: Stage) async throws {
        var logger = Logger(label: "faults")
        logger.logLevel = .critical
        try await LockClient.with(try Engines.open(stage.engine.url), logger: logger) { client in
            let exclusion = try await client.withLock(Stage.second) { $0.guarantee.exclusion }
            stage.check(exclusion == .advisory, "grants say that they are \(exclusion)")
            do {
                try await client.withLock(Stage.second, require: .linearizable) { _ in }
                stage.fail("a linearizable grant was made")
            } catch let error as LockError {
                stage.note("a linearizable grant is refused: \(error.code)")
            }
        }
    }
}
