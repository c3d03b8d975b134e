import Lockstead

/// F-G4: a client's wall clock jumps by an hour, forth and back.
struct ClientClock: FaultPlay {
    let needsPreloads = true

    func bring(to stage: Stage) async throws {
        let (victim, heir) = (stage.workers[0], stage.workers[1])
        try await stage.open()
        stage.begin("clock", "worker 0")
        for hours in [1, -1, 0] {
            try stage.preloads[0].setWallClock(off: .seconds(3600 * hours))
            try await checkClock(stage, hours)
            try await stage.pass(stage.lease)
            stage.check(!victim.hasSaid("lost \(Stage.prize)"), "the clock \(hours) h off: the lock is kept")
            stage.check(!heir.hasSaid("inside \(Stage.prize)"), "the clock \(hours) h off: nobody else gets it")
        }
        stage.cease("clock")
        victim.say("state \(Stage.prize)")
        let state = try await victim.hear("state \(Stage.prize)")
        stage.check(state.hasSuffix("held"), "at the end: \(state)")
        stage.check(
            victim.hasSaid("doubt \(Stage.prize)"), "the jumps were noticed: the lease was in doubt, and confirmed")
        try await stage.close()
    }

    /// Whether the worker sees what we told its clock: else nothing was tested.
    private func checkClock(_ stage: Stage, _ hours: Int) async throws {
        stage.workers[0].say("clock \(hours)")
        let words = try await stage.workers[0].hear("clock \(hours) ").split(separator: " ")
        let seen = words.count > 2 ? Int64(words[2]) ?? 0 : 0
        let off = (seen - stage.time.wallClockNanoseconds) / 1_000_000_000
        guard abs(off - Int64(3600 * hours)) < 60 else {
            throw Obstacle("the worker's wall clock does not follow the preload: it is \(off) s off")
        }
    }
}
