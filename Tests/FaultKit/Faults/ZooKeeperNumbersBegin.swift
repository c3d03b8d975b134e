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
        let server = engine.ensemble.servers[1]
        if mode == .removed {
            try await remove(try ZooKeeperLine(server), stage)
        } else {
            try await stage.pass(stage.lease * 3)
        }
        stage.cease("numbers")
        stage.crowd(works: false)
        try await stage.pass(.seconds(1))
        guard mode == .atTheEnd else { return }
        let line = try ZooKeeperLine(server)
        for name in Crowd().names {
            let number = try next(in: name, line)
            stage.check(number == .max || number < 0, "the queue of \(name) has counted to \(number)")
        }
    }

    /// Whenever a queue is empty, its node goes.
    private func remove(_ line: ZooKeeperLine, _ stage: Stage) async throws {
        let end = stage.time.now.advanced(by: stage.lease * 4)
        var count = 0
        while stage.time.now < end {
            for name in stage.names {
                // One that is in use stays.
                if (try? line.ask(.delete(path: "/" + name))) != nil { count += 1 }
            }
            try await stage.pass(.milliseconds(5))
        }
        stage.check(count >= 10, "removed \(count) times")
    }

    /// The number that a queue gives to the next node.
    private func next(in name: String, _ line: ZooKeeperLine) throws -> Int32 {
        let probe = ZKOperation.create(
            path: "/\(name)/probe", data: [], access: ZNodeAccess.open, kind: .ephemeralSequential)
        guard case .created(let path, _) = try line.ask(probe).result else { throw Obstacle("nothing was made") }
        let digits = path.dropFirst("/\(name)/probe".count)
        guard let number = Int32(digits) else { throw Obstacle("\(path) has no number") }
        return number
    }
}
