package import Lockstead

/// Leases live on the continuous clock; the wall clock only floors new tokens.
///
/// Both must at least be plausible.
package struct ClockRule: DoctorRule {
    package let subject = "clocks"
    private let time: any TimeSource

    package init(time: any TimeSource) { self.time = time }

    /// 2024-01-01: no host that runs this build can honestly be before it.
    private static let earliestPlausible: Int64 = 1_704_067_200_000_000_000
    /// 2^53 µs, where tokens end: the year 2255.
    private static let latestPlausible: Int64 = (1 << 53) * 1_000

    package func examine() async -> Finding {
        let wall = time.wallClockNanoseconds
        guard wall >= Self.earliestPlausible, wall < Self.latestPlausible else {
            return .failure(
                "the wall clock reads \(wall / 1_000_000_000) s since 1970",
                advice: "set the clock: a lock's first token comes from it, and must be above those of a lost folder")
        }
        return await drift()
    }

    /// Compares how far both clocks move over a short while: a clock being stepped or slewed hard shows at once.
    private func drift() async -> Finding {
        let (wall, continuous) = (time.wallClockNanoseconds, time.now)
        do {
            try await time.sleep(until: continuous.advanced(by: .milliseconds(200)))
        } catch {
            return .unknown("the comparison of the clocks was cancelled")
        }
        let passed = continuous.duration(to: time.now)
        let difference = Duration.nanoseconds(time.wallClockNanoseconds - wall) - passed
        let magnitude = difference < .zero ? .zero - difference : difference
        guard magnitude < .milliseconds(50) else {
            return .warning(
                "the wall clock moved \(DurationText.format(difference)) against the continuous clock in "
                    + DurationText.format(passed),
                advice: "look at the time service; leases do not use the wall clock, but holders will turn suspect")
        }
        return .good("the wall clock is plausible and keeps step with the continuous clock")
    }
}
