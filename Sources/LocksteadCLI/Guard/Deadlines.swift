import Lockstead

/// When a child must be told to end, and when it must be dead, so that it is gone before its lease is (RULES 3).
struct Deadlines: Sendable, Equatable {
    var stopAt: ContinuousTime
    var killAt: ContinuousTime

    /// A grant that cannot run out.
    static let never = Deadlines(stopAt: .distantFuture, killAt: .distantFuture)

    init(stopAt: ContinuousTime, killAt: ContinuousTime) { (self.stopAt, self.killAt) = (stopAt, killAt) }

    /// What follows from the end of a lease: TERM a margin before, KILL a quarter of the margin before.
    init(validUntil: ContinuousTime?, lease: Duration) {
        guard let validUntil else { self = .never; return }
        let margin = Self.margin(of: lease)
        self.init(stopAt: validUntil - margin, killAt: validUntil - margin / 4)
    }

    /// The guard tells the child a little later than the runner would, so that a runner that is well is not echoed.
    func forGuard(lease: Duration) -> Deadlines {
        guard self != .never else { return self }
        return Deadlines(stopAt: stopAt + Self.margin(of: lease) / 8, killAt: killAt)
    }

    /// When a child that is told to end at `now` must be dead: it gets as long as an ordinary stop gives it, and never longer than
    /// the lease lasts.
    func killTime(stoppingAt now: ContinuousTime) -> ContinuousTime {
        guard self != .never else { return now + .seconds(5) }
        return min(killAt, now + (killAt - stopAt))
    }

    private static func margin(of lease: Duration) -> TimeSpan {
        min(max(TimeSpan(lease) / 6, .milliseconds(200)), .seconds(5))
    }
}
