import Jute
import Lockstead
import LocksteadTesting
import TestServers

/// F-Z5: the numbers of a queue begin again, or come to their end; tokens rise all the same (R34).
struct ZooKeeperNumbersBegin: FaultPlay {
    enum Mode: String, CaseIterable {
        case removed = "queues' nodes removed"
        case atTheEnd = "numbers at their end"
    }

    /// A few before the highest.
    static let counts = Dictionary(
        uniqueKeysWithValues: (Crowd().names + [Stage.prize, Stage.second]).map { ("/" + $0, Int32.max - 20) })

    func bring(to stage: Stage) async throws {
        guard let engine = stage.engine as? ZooKeeperUnderFault, let mode = Mode(rawValue: stage.mode.name) else {
            throw Obstacle("this engine has no numbers")
        }
        stage.crowd(works: true)
        stage.begin("numbers", mode.rawValue)
        stage.strike()
        if mode == .removed { try await remove(engine, stage) } else { try await handOn(stage) }
        stage.cease("numbers")
        stage.crowd(works: false)
        try await stage.pass(.seconds(1))
        guard mode == .atTheEnd else { return }
        let line = try ZooKeeperLine(engine.ensemble.servers[1])
        guard case .stat(let stat) = try line.ask(.exists(path: "/" + Stage.prize, watch: false)).result else { return }
        stage.check(stat.childVersion == .max || stat.childVersion < 0, "the queue has counted to \(stat.childVersion)")
    }

    /// Whenever a queue is empty, its node goes.
    private func remove(_ engine: ZooKeeperUnderFault, _ stage: Stage) async throws {
        let line = try ZooKeeperLine(engine.ensemble.servers[1])
        let end = stage.time.now.advanced(by: stage.lease * 3)
        var count = 0
        while stage.time.now < end {
            for name in stage.names {
                // One that is in use stays.
                if (try? line.ask(.delete(path: "/" + name))) != nil { count += 1 }
            }
            try await stage.pass(.milliseconds(5))
        }
        stage.check(count > 20, "removed \(count) times")
    }

    /// The prize goes round among the three, past the highest number.
    private func handOn(_ stage: Stage) async throws {
        for round in 0..<30 {
            let worker = stage.workers[round % stage.workers.count]
            worker.say("hold \(Stage.prize)")
            _ = try await worker.hear("inside \(Stage.prize)", within: .seconds(10))
            try await stage.leave(worker)
        }
    }
}
