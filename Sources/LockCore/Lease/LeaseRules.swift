/// The arithmetic of leases (RULES 1 and 3): whole numbers only, so that it comes out the same everywhere.
package enum LeaseRules {
    /// ρ, the largest rate error of each clock against real time, as one part in so many.
    static let rateErrorParts: Int64 = 100
    /// ε, what reading clocks and waking up may cost.
    static let readingError = TimeSpan.milliseconds(10)
    /// A lease is renewed after this part of it, unless configured otherwise.
    package static let renewalDivisor: Int64 = 3
    /// Lateness and clock steps below this are everyday scheduling, not a pause.
    package static let smallestPause = TimeSpan.milliseconds(250)
    /// After a renewal without an answer: this part of the lease, but no less than the floor, then again.
    static let retryDivisor: Int64 = 30
    static let shortestRetry = TimeSpan.milliseconds(50)

    /// For how long after its arming a lease may be believed: `TTL·(1−ρ)/(1+ρ) − ε`, never negative.
    ///
    /// ρ counts on both sides: our clock may run slow while the engine's runs fast. Dividing first keeps it from overflowing.
    package static func validity(of lease: TimeSpan) -> TimeSpan {
        let (slow, fast) = (rateErrorParts - 1, rateErrorParts + 1)
        let nanoseconds = max(0, lease.nanoseconds)
        let scaled = nanoseconds / fast * slow + nanoseconds % fast * slow / fast
        return max(.zero, TimeSpan(nanoseconds: scaled) - readingError)
    }

    /// How long before the end a body is told to stop.
    package static func margin(of lease: TimeSpan) -> TimeSpan {
        min(max(lease / 6, .milliseconds(200)), .seconds(5))
    }

    /// From which lateness of a wake-up, or step of the wall clock, on a pause or a jump is assumed.
    package static func pauseThreshold(of lease: TimeSpan) -> TimeSpan { max(smallestPause, lease / 10) }

    /// How long after a renewal without an answer the next is sent.
    package static func retryDelay(of lease: TimeSpan) -> TimeSpan { max(shortestRetry, lease / retryDivisor) }

    /// The longest renewal interval a lease allows: two thirds of it.
    package static func longestRenewalInterval(of lease: TimeSpan) -> TimeSpan { lease / 3 * 2 }
}
