public import LockCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// This host's own clocks.
public struct SystemTimeSource: TimeSource {
    /// Makes the one there is.
    public init() {}

    /// Nanoseconds of `CLOCK_BOOTTIME` (Linux) or the continuous clock (Darwin).
    public var now: ContinuousTime { ContinuousTime(nanoseconds: Self.read(Self.continuousClock)) }

    /// Nanoseconds of the wall clock since 1970.
    public var wallClockNanoseconds: Int64 { Self.read(CLOCK_REALTIME) }

    /// Sleeps until the continuous clock reads at least `deadline`; wakes late under load, never early.
    public func sleep(until deadline: ContinuousTime) async throws {
        while true {
            let rest = deadline - now
            guard rest > .zero else { return try Task.checkCancellation() }
            // A timer may fire a little early, and no single sleep needs to span more than a day.
            try await Task.sleep(for: min(rest, .seconds(86_400)).duration, clock: .continuous)
        }
    }

    #if canImport(Darwin)
        private static let continuousClock = CLOCK_MONOTONIC_RAW
    #else
        private static let continuousClock = CLOCK_BOOTTIME
    #endif

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        // These clocks exist on every supported system; the call has no other way to fail.
        precondition(clock_gettime(clock, &time) == 0, "clock_gettime failed for clock \(clock)")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
