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
            try await stage.leave(worker)
            try await stage.checkIsNext(next, since: stage.time.now, "who waited hears of the release")
        }
        try await stage.leave(stage.workers[2])
    }

    // MARK: Revoked leases

    private func revokeWaiter(_ engine: EtcdUnderFault, _ stage: Stage) async throws {
        try await stage.line()
        let leases = try engine.leases(of: Stage.prize)
        guard leases.count == 3 else { throw Obstacle("\(leases.count) keys for three clients") }
        try await stage.loseWaiter { try engine.revoke(leases[1]) }
    }

    private func revokeHolder(_ engine: EtcdUnderFault, _ stage: Stage) async throws {
        try await stage.open()
        guard let lease = try engine.leases(of: Stage.prize).first else { throw Obstacle("the holder has no key") }
        try await stage.loseHolder { try engine.revoke(lease) }
    }
}
