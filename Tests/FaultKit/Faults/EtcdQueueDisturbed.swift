import TestServers
import Lockstead
import LocksteadTesting

/// F-E4: while clients wait, etcd's history is compacted and the member that they watch by is lost, or a lease is revoked by hand.
struct EtcdQueueDisturbed: FaultPlay {
    enum Mode: String, CaseIterable {
        case compacted = "compacted, and the watched member killed"
        case waiterRevoked = "a waiter's lease revoked"
        /// Exclusion ends by the operator's own hand: who waits is granted the lock at once.
        case holderRevoked = "the holder's lease revoked"
    }

    func bring(to stage: Stage) async throws {
        guard let engine = stage.engine as? EtcdUnderFault, let mode = Mode(rawValue: stage.mode.name) else {
            throw Obstacle("this engine has no history")
        }
        // Another member leads than the one that is lost: elections are another fault.
        try await engine.cluster.letLead(engine.cluster.members[1])
        switch mode {
        case .compacted: try await compact(engine, stage)
        case .waiterRevoked: try await revokeWaiter(engine, stage)
        case .holderRevoked: try await revokeHolder(engine, stage)
        }
        try await stage.close()
    }

    // MARK: Compaction

    private func compact(_ engine: EtcdUnderFault, _ stage: Stage) async throws {
        try await stage.open()
        // Who waits behind the next one has to hear of that one's release, too.
        stage.workers[2].say("hold \(Stage.prize)")
        stage.begin("compact", "every 100 ms")
        stage.strike()
        let count = Watched(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await compactAgainAndAgain(engine, stage, count) }
            try await loseMember(engine, stage)
            try await handOn(stage)
            group.cancelAll()
            // The cancellation is how it ends.
            try? await group.waitForAll()
        }
        stage.cease("compact")
        stage.check(count.value > 10, "compacted \(count.value) times")
    }

    private func compactAgainAndAgain(_ engine: EtcdUnderFault, _ stage: Stage, _ count: Watched<Int>) async throws {
        while !Task.isCancelled {
            if engine.compact() { count.update { $0 += 1 } }
            try await stage.pass(.milliseconds(100))
        }
    }

    private func loseMember(_ engine: EtcdUnderFault, _ stage: Stage) async throws {
        try await stage.pass(.seconds(1))
        engine.cluster.members[0].kill()
        try await stage.pass(stage.lease / 2)
        try await engine.cluster.members[0].restart()
        try await Aftermath.await(stage)
    }

    /// From the first worker to the second, and on to the third.
    private func handOn(_ stage: Stage) async throws {
        for (worker, next) in zip(stage.workers, stage.workers.dropFirst()) {
            try await leave(worker, stage)
            try await checkIsNext(next, stage, since: stage.time.now, "who waited hears of the release")
        }
        try await leave(stage.workers[2], stage)
    }

    private func leave(_ worker: WorkerProcess, _ stage: Stage) async throws {
        for order in ["write \(Stage.prize)", "leave \(Stage.prize)"] { worker.say(order) }
        _ = try await worker.hear("left \(Stage.prize)")
    }

    private func checkIsNext(
        _ worker: WorkerProcess, _ stage: Stage, since start: ContinuousTime, _ what: String
    ) async throws {
        _ = try await worker.hear("inside \(Stage.prize)", within: .seconds(5))
        let took = start.duration(to: stage.time.now)
        // L3.
        stage.check(took <= .seconds(1), "\(what) within \(took.milliseconds) ms (at most 1000)")
    }

    // MARK: Revoked leases

    /// It learns so at once, and is not granted what it has no key for any more (R3, R4); its place goes to nobody.
    private func revokeWaiter(_ engine: EtcdUnderFault, _ stage: Stage) async throws {
        let (holder, waiter, last) = (stage.workers[0], stage.workers[1], stage.workers[2])
        try await line(stage)
        let leases = try engine.leases(of: Stage.prize)
        guard leases.count == 3 else { throw Obstacle("\(leases.count) keys for three clients") }
        stage.begin("revoke", "worker 1")
        stage.strike()
        let revoked = stage.time.now
        try engine.revoke(leases[1])
        let told = try await waiter.hear("failed to hold \(Stage.prize)", within: .seconds(5))
        let took = revoked.duration(to: stage.time.now)
        stage.check(took <= .seconds(1), "who waited was told after \(took.milliseconds) ms: \(told)")
        waiter.say("hold \(Stage.prize)")
        try await Aftermath.await(stage)
        try await leave(holder, stage)
        try await checkIsNext(last, stage, since: stage.time.now, "the lock goes past the revoked request")
        stage.check(!waiter.hasSaid("inside \(Stage.prize)"), "the one that asked anew stands behind")
        try await leave(last, stage)
        try await checkIsNext(waiter, stage, since: stage.time.now, "then it is granted to the one that asked anew")
        stage.cease("revoke")
    }

    /// One holds, two wait, one after the other; the crowd of the middle one rests, since all of a client's grants are on one lease.
    private func line(_ stage: Stage) async throws {
        for worker in stage.workers {
            worker.say("hold \(Stage.prize)")
            try await stage.pass(.milliseconds(300))
        }
        _ = try await stage.workers[0].hear("inside \(Stage.prize)")
        for worker in [stage.workers[0], stage.workers[2]] { worker.say("work") }
        try await stage.pass(.milliseconds(500))
    }

    private func revokeHolder(_ engine: EtcdUnderFault, _ stage: Stage) async throws {
        try await stage.open()
        guard let lease = try engine.leases(of: Stage.prize).first else { throw Obstacle("the holder has no key") }
        stage.begin("revoke", "worker 0")
        stage.strike()
        let revoked = stage.time.now
        try engine.revoke(lease)
        try await checkIsNext(stage.workers[1], stage, since: revoked, "the next one is granted the lock")
        _ = try await stage.workers[0].hear("lost \(Stage.prize)", within: stage.lease)
        let took = revoked.duration(to: stage.time.now)
        stage.check(took <= stage.lease / 2, "the holder knows its loss after \(took.milliseconds) ms")
        try await Outcast.isRefused(stage)
        stage.cease("revoke")
    }
}
