import Lockstead
import LocksteadTesting

/// F-R1: the server is killed with locks held, or loses power, and starts again with what it has kept.
struct ServerKilled: FaultPlay {
    func bring(to stage: Stage) async throws {
        let losesPower = stage.mode.name.hasSuffix("power lost")
        let isLazy = losesPower && stage.mode.name.hasPrefix("everysec")
        // What was granted since the last sync is what a loss of power takes: the disk stalls, so that there is some.
        if isLazy { try await stage.engine.stallDisk(true) }
        try await stage.open()
        stage.begin(losesPower ? "power" : "kill", "server")
        let begin = stage.time.now
        try await stage.engine.kill()
        stage.strike()
        if losesPower { try await stage.engine.losePower() }
        if isLazy { try await stage.engine.stallDisk(false) }
        try await stage.engine.restart()
        stage.cease(losesPower ? "power" : "kill")
        stage.later { facts in recovery(facts, begin, stage.found.struck ?? begin) }
        try await Aftermath.await(stage)
        try await stage.close()
    }

    /// A killed server's locks are to be had again within 3 s.
    private func recovery(_ facts: HistoryFacts, _ begin: ContinuousTime, _ struck: ContinuousTime) -> String? {
        guard let first = facts.firstGrant(after: struck.nanoseconds) else { return "nothing was granted afterwards" }
        let took = (first - begin.nanoseconds) / 1_000_000
        return took <= 3_000 ? nil : "the first new grant came \(took) ms after the kill (at most 3000)"
    }
}

/// What comes after an engine may have forgotten its grants.
enum Aftermath {
    static func await(_ stage: Stage) async throws {
        switch stage.mode.expectation {
        case .forgets: _ = try await stage.workers[1].hear("inside \(Stage.prize)", within: stage.lease * 2)
        case .holds:
            try await stage.pass(stage.lease * 1.5)
            stage.check(!stage.workers[0].hasSaid("lost \(Stage.prize)"), "the holder keeps its lock")
            stage.check(!stage.workers[1].hasSaid("inside \(Stage.prize)"), "nobody else gets it meanwhile")
        }
    }
}
