import LockCore

/// Notices from one wake-up to the next whether the process stood still or the wall clock moved by itself (RULES 3).
struct PauseDetector: Sendable, Equatable {
    struct Finding: Sendable, Equatable {
        /// How late the wake-up came.
        var lateness: TimeSpan
        /// How far the wall clock moved against the continuous one.
        var wallStep: TimeSpan

        /// Whether any lease could mind.
        var isNotable: Bool {
            lateness > LeaseRules.smallestPause || wallStep > LeaseRules.smallestPause
                || wallStep < .zero - LeaseRules.smallestPause
        }
    }

    /// Wall minus continuous time at the last wake-up; `nil` while there was nothing to watch over.
    private var offset: TimeSpan?

    /// Compares a wake-up with its plan and with the wake-up before.
    ///
    /// - Parameters:
    ///   - now: The continuous clock at the wake-up.
    ///   - wall: The wall clock at the wake-up, in nanoseconds.
    ///   - planned: When it was to be; `nil` where only a signal could wake.
    /// - Returns: What was noticed.
    mutating func woke(at now: ContinuousTime, wall: Int64, planned: ContinuousTime?) -> Finding {
        let current = TimeSpan(nanoseconds: wall.saturatingSubtracting(now.nanoseconds))
        defer { offset = current }
        return Finding(
            lateness: planned.map { max(.zero, now - $0) } ?? .zero, wallStep: offset.map { current - $0 } ?? .zero)
    }

    /// Nothing is held: what the clocks do until the next grant is nobody's concern.
    mutating func rest() { offset = nil }
}
