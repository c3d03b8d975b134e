import Lockstead
import LocksteadTesting

/// A holder that cannot renew any more: it has to know so by itself, in time.
enum Outcast {
    /// Waits until the first worker knows its loss and the second one has the prize; later checks that it was in this order.
    static func isSucceeded(_ stage: Stage, since start: ContinuousTime) async throws {
        let words = try await stage.workers[0].hear("lost \(Stage.prize)", within: stage.lease * 2).split(
            separator: " ")
        let lost = words.count > 2 ? Int64(words[2]) ?? .max : .max
        _ = try await stage.workers[1].hear("inside \(Stage.prize)", within: stage.lease * 3)
        stage.note("the holder knew its loss \((lost - start.nanoseconds) / 1_000_000) ms after the fault began")
        stage.later { facts in
            let granted = facts.firstGrant(after: start.nanoseconds, of: Stage.prize) ?? .min
            return lost < granted ? nil : "the loss was known \((lost - granted) / 1_000_000) ms after the next grant"
        }
    }

    /// What it still writes is refused.
    static func isRefused(_ stage: Stage) async throws {
        stage.workers[0].say("write \(Stage.prize)")
        let answer = try await stage.workers[0].hear(oneOf: ["refused \(Stage.prize)", "wrote \(Stage.prize)"])
        stage.check(answer.hasPrefix("refused"), "the old holder's write was answered: \(answer)")
    }
}

extension HistoryFacts {
    /// Why the first grant after an engine's answers became new ones is too late, or `nil` where it is not.
    func lateness(since begin: ContinuousTime, from struck: ContinuousTime, atMost limit: Duration) -> String? {
        guard let first = firstGrant(after: struck.nanoseconds) else { return "nothing was granted afterwards" }
        let took = begin.duration(to: ContinuousTime(nanoseconds: first))
        return took <= limit
            ? nil : "the first new grant came \(took.milliseconds) ms after the fault (at most \(limit.milliseconds))"
    }
}
