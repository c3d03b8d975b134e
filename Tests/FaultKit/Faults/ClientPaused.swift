import Lockstead

/// F-G1: a client is stopped for two leases inside of its critical section, between reading and writing.
struct ClientPaused: FaultPlay {
    func bring(to stage: Stage) async throws {
        let (victim, heir) = (stage.workers[0], stage.workers[1])
        try await stage.open()
        stage.begin("pause", "worker 0")
        let paused = stage.time.now
        try await victim.pause()
        _ = try await heir.hear("inside \(Stage.prize)", within: stage.lease * 2 + .seconds(5))
        heir.say("write \(Stage.prize)")
        _ = try await heir.hear("wrote \(Stage.prize)")
        try await stage.time.sleep(until: paused.advanced(by: stage.lease * 2))
        let resumed = stage.time.now
        victim.resume()
        try await hearLoss(stage, since: resumed)
        victim.say("write \(Stage.prize)")
        let answer = try await victim.hear(oneOf: ["refused \(Stage.prize)", "wrote \(Stage.prize)"])
        stage.check(answer.hasPrefix("refused"), "the old holder's write was answered: \(answer)")
        stage.expectControlToLose()
        stage.cease("pause")
        try await stage.close()
    }

    private func hearLoss(_ stage: Stage, since resumed: ContinuousTime) async throws {
        let words = try await stage.workers[0].hear("lost \(Stage.prize)").split(separator: " ")
        let moment = words.count > 2 ? Int64(words[2]) ?? .max : .max
        let milliseconds = Double(moment - resumed.nanoseconds) / 1e6
        let took = FaultReport.rounded(milliseconds)
        stage.check(milliseconds <= 100, "continued, the old holder knew its loss after \(took) ms (at most 100)")
    }
}
