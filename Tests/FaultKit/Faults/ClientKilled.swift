import Lockstead
import LocksteadTesting

/// F-G2: a client is killed that holds one lock and waits for another.
struct ClientKilled: FaultPlay {
    func bring(to stage: Stage) async throws {
        let (victim, heir, keeper) = (stage.workers[0], stage.workers[1], stage.workers[2])
        keeper.say("hold \(Stage.second)")
        _ = try await keeper.hear("inside \(Stage.second)")
        victim.say("hold \(Stage.second)")
        try await stage.open()
        // Behind the one that is going to die.
        heir.say("hold \(Stage.second)")
        try await stage.pass(.milliseconds(300))

        try await victim.pause()
        stage.recorder.died(
            HistoryNumbers.processes(in: victim.options.processes, of: victim.options.history))
        stage.begin("kill", "worker 0")
        let killed = stage.time.now
        victim.kill()
        _ = try await heir.hear("inside \(Stage.prize)", within: stage.lease * 2 + .seconds(5))
        check(stage, since: killed, stage.lease * 1.0102 + .seconds(1), "the dead holder's lock went to the next one")

        let freed = stage.time.now
        keeper.say("write \(Stage.second)")
        keeper.say("leave \(Stage.second)")
        _ = try await heir.hear("inside \(Stage.second)", within: stage.lease * 2 + .seconds(5))
        check(stage, since: freed, stage.lease + .seconds(1), "the lock that the dead one waited for went past it")
        stage.cease("kill")
        heir.say("write \(Stage.second)")
        heir.say("leave \(Stage.second)")
        _ = try await heir.hear("left \(Stage.second)")
        try await stage.close()
        try await checkLeaks(stage)
    }

    private func check(_ stage: Stage, since start: ContinuousTime, _ most: Duration, _ what: String) {
        let took = start.duration(to: stage.time.now)
        stage.check(took <= most, "\(what) after \(took.milliseconds) ms (at most \(most.milliseconds))")
    }

    private func checkLeaks(_ stage: Stage) async throws {
        let deadline = stage.time.now.advanced(by: stage.lease + .seconds(2))
        while stage.time.now < deadline {
            var left = 0
            for name in stage.names {
                let lock = try await stage.inspect(name)
                left += (lock?.holders.count ?? 0) + (lock?.waiterCount ?? 0)
            }
            if left == 0 { return stage.note("no holder and no waiter is left") }
            try await stage.pass(.milliseconds(100))
        }
        stage.fail("a holder or a waiter is left, though nobody holds or waits")
    }
}

extension Duration {
    /// Whole ones.
    var milliseconds: Int64 { TimeSpan(self).nanoseconds / 1_000_000 }
}
