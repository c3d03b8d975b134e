import Lockstead

/// What the servers' wall clock says, as far as our own writes showed it.
///
/// Values are kept for a time that is counted on that clock, whoever wrote them.
struct ServerClock: Sendable {
    /// For so long a reading is good.
    private static let span = Duration.seconds(60)

    /// Milliseconds since 1970 at a moment of ours.
    private var reading: (milliseconds: Int64, at: ContinuousTime)?

    /// A write was answered that bears a time of the servers.
    mutating func saw(_ milliseconds: Int64, at moment: ContinuousTime) { reading = (milliseconds, moment) }

    /// What it says now; `nil` where nobody has looked for long.
    func milliseconds(at now: ContinuousTime) -> Int64? {
        guard let reading, reading.at.advanced(by: Self.span) > now else { return nil }
        return reading.milliseconds &+ Int64(reading.at.duration(to: now) / .milliseconds(1))
    }
}
