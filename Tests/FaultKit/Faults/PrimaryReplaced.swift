import Lockstead
import LocksteadTesting

/// F-R3, F-R4: the primary of sentinels is killed, stopped, or cut off together with the holder and one of the sentinels.
struct PrimaryReplaced: FaultPlay {
    /// Longer than a failover takes.
    let lease: Duration? = .seconds(8)

    func bring(to stage: Stage) async throws {
        if stage.mode.name.contains("behind") { try await stage.engine.detachReplica(of: Stage.prize) }
        try await stage.open()
        if stage.mode.name.contains("partition") {
            do { try await partition(stage) } catch {
                // A worker that is cut off cannot end in good order.
                try? await stage.engine.partition(false)
                throw error
            }
        } else {
            try await takeDown(stage)
        }
        try await stage.close()
    }

    // MARK: Killed or stopped

    private func takeDown(_ stage: Stage) async throws {
        let isStopped = stage.mode.name.contains("stopped")
        stage.begin(isStopped ? "stop" : "kill", "primary")
        let begin = stage.time.now
        try await stage.engine.takeDownPrimary(of: Stage.prize, isStopped: isStopped)
        stage.strike()
        let took = stage.time.now
        stage.note("another primary after \(begin.duration(to: took).milliseconds) ms")
        stage.later { facts in recovery(facts, took, within: .seconds(3)) }
        _ = try await stage.workers[0].hear("doubt \(Stage.prize)", within: .seconds(5))
        let doubted = took.duration(to: stage.time.now)
        stage.check(doubted < .seconds(1), "the holder is in doubt within \(max(0, doubted.milliseconds)) ms of that")
        try await Aftermath.await(stage)
        try await stage.engine.bringBack()
        stage.cease(isStopped ? "stop" : "kill")
    }

    private func recovery(_ facts: HistoryFacts, _ took: ContinuousTime, within limit: Duration) -> String? {
        guard let first = facts.firstGrant(after: took.nanoseconds) else { return "nothing was granted afterwards" }
        let wait = took.duration(to: ContinuousTime(nanoseconds: first))
        let bound = limit.milliseconds
        return wait <= limit ? nil : "the first new grant came \(wait.milliseconds) ms after that (at most \(bound))"
    }

    // MARK: Cut off

    /// The old primary confirms whatever its side asks for, and none of that may count.
    private func partition(_ stage: Stage) async throws {
        // A renewal follows at once, which the old primary alone takes.
        try await stage.pass(stage.lease / 3 - .milliseconds(700))
        stage.begin("partition", "primary, sentinel, worker 0")
        let begin = stage.time.now
        try await stage.engine.partition(true)
        stage.strike()
        let took = stage.time.now
        stage.note("another primary after \(begin.duration(to: took).milliseconds) ms")
        stage.later { facts in recovery(facts, took, within: .seconds(8)) }
        _ = try await stage.workers[0].hear("doubt \(Stage.prize)", within: .seconds(5))
        let doubted = took.duration(to: stage.time.now)
        stage.check(doubted < .seconds(1), "the holder is in doubt within \(max(0, doubted.milliseconds)) ms of that")
        let words = try await stage.workers[0].hear("lost \(Stage.prize)", within: stage.lease * 2).split(
            separator: " ")
        let lost = words.count > 2 ? Int64(words[2]) ?? .max : .max
        _ = try await stage.workers[1].hear("inside \(Stage.prize)", within: stage.lease * 2)
        stage.later { facts in
            let granted = facts.firstGrant(after: took.nanoseconds, of: Stage.prize) ?? .min
            return lost < granted ? nil : "the loss was known \((lost - granted) / 1_000_000) ms after the next grant"
        }
        try await stage.engine.partition(false)
        stage.cease("partition")
        stage.workers[0].say("write \(Stage.prize)")
        let answer = try await stage.workers[0].hear(oneOf: ["refused \(Stage.prize)", "wrote \(Stage.prize)"])
        stage.check(answer.hasPrefix("refused"), "the old holder's write was answered: \(answer)")
    }
}
