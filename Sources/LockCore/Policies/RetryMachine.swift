/// Decides after each failed attempt of one operation whether and when to try again.
///
/// Chance and time are inputs.
///
/// M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: the sections on full and decorrelated jitter.
package struct RetryMachine: Sendable, Equatable {
    package enum Decision: Sendable, Hashable {
        case retry(at: ContinuousTime)
        case giveUp(GiveUp)
    }

    package enum GiveUp: Sendable, Hashable { case policyIsNone, attemptsUsedUp, timeUsedUp }

    private enum State: Sendable, Equatable {
        /// An attempt may be under way. Can transition to: `trying`, `over`.
        case trying(lastPause: TimeSpan)
        /// Final: every later failure gets the same answer.
        case over(GiveUp)
    }

    package let policy: RetryPolicy
    /// How many attempts have failed.
    package private(set) var failures = 0
    private let latestStart: ContinuousTime
    private var state = State.trying(lastPause: .zero)

    package init(policy: RetryPolicy, startedAt start: ContinuousTime) {
        self.policy = policy
        latestStart = start + max(.zero, TimeSpan(policy.maximumElapsed))
    }

    /// Takes in a failure; `draw` is a fresh random number, uniform over all values.
    package mutating func attemptFailed(at now: ContinuousTime, draw: UInt64) -> Decision {
        switch state {
        case .over(let reason): return .giveUp(reason)
        case .trying(let lastPause):
            failures += 1
            let decision = decide(lastPause: lastPause, at: now, draw: draw)
            switch decision {
            case .retry(let time): state = .trying(lastPause: time - now)
            case .giveUp(let reason): state = .over(reason)
            }
            return decision
        }
    }

    private func decide(lastPause: TimeSpan, at now: ContinuousTime, draw: UInt64) -> Decision {
        guard let pause = pause(lastPause: lastPause, draw: draw) else { return .giveUp(.policyIsNone) }
        guard failures < max(1, policy.maximumAttempts) else { return .giveUp(.attemptsUsedUp) }
        guard now + pause <= latestStart else { return .giveUp(.timeUsedUp) }
        return .retry(at: now + pause)
    }

    /// The draw lies in [0, ceiling] for full jitter and in [base, 3 · last pause] for decorrelated, cap permitting.
    private func pause(lastPause: TimeSpan, draw: UInt64) -> TimeSpan? {
        switch policy.backoff {
        case .none: return nil
        case .exponential(let base, let cap):
            return draw.scaled(to: min(TimeSpan(cap), TimeSpan(base).doubled(failures - 1)))
        case .decorrelated(let base, let cap):
            let floor = max(.zero, TimeSpan(base))
            let ceiling = max(floor, lastPause * 3)
            return min(max(.zero, TimeSpan(cap)), floor + draw.scaled(to: ceiling - floor))
        }
    }
}
