import Lockstead
import LocksteadTesting

/// F-G3: a client is cut off from the engine, silently: for half a lease, then for two.
struct ClientCutOff: FaultPlay {
    let needsRelays = true

    func bring(to stage: Stage) async throws {
        let victim = stage.workers[0]
        try await stage.open()
        try await cut(stage, for: stage.lease / 2)
        try await stage.pass(stage.lease / 2)
        victim.say("state \(Stage.prize)")
        let state = try await victim.hear("state \(Stage.prize)")
        stage.check(
            state.hasSuffix("held") && !victim.hasSaid("lost \(Stage.prize)"),
            "after a cut of half a lease: \(state)")
        try await long(stage)
        try await stage.close()
    }

    private func cut(_ stage: Stage, for duration: Duration) async throws {
        stage.recorder.nemesis("cut", true, "worker 0")
        stage.relays[0].set { $0.frozen = [.toServer, .toClient] }
        try await stage.pass(duration)
        stage.relays[0].set { $0.frozen = [] }
        stage.cease("cut")
    }

    private func long(_ stage: Stage) async throws {
        let (victim, heir) = (stage.workers[0], stage.workers[1])
        let start = stage.time.now
        stage.begin("long cut", "worker 0")
        try await cut(stage, for: stage.lease * 2)
        stage.cease("long cut")
        let words = try await victim.hear("lost \(Stage.prize)").split(separator: " ")
        let lost = words.count > 2 ? Int64(words[2]) ?? .max : .max
        _ = try await heir.hear("inside \(Stage.prize)")
        stage.later { facts in
            let granted = facts.firstGrant(after: start.nanoseconds, of: Stage.prize) ?? .min
            let late = (lost - granted) / 1_000_000
            return lost < granted ? nil : "the loss was known \(late) ms after the next grant"
        }
        stage.note("cut off for two leases, the loss was known after \((lost - start.nanoseconds) / 1_000_000) ms")
        victim.say("write \(Stage.prize)")
        let answer = try await victim.hear(oneOf: ["refused \(Stage.prize)", "wrote \(Stage.prize)"])
        stage.check(answer.hasPrefix("refused"), "the old holder's write was answered: \(answer)")
    }
}
