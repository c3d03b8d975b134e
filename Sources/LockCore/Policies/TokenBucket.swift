/// Lets through `refill` calls per `interval` on average, and up to `capacity` at once.
///
/// The level is kept in token-nanoseconds, in which every refill is a whole number: nothing is rounded, so nothing drifts.
package struct TokenBucket: Sendable, Equatable {
    package enum Outcome: Sendable, Hashable {
        case taken(remaining: Int)
        /// So long until there will be enough, if nobody else takes any.
        case refused(retryAfter: TimeSpan)
        /// More than the bucket ever holds.
        case neverPossible
    }

    package let capacity: Int
    package let refill: Int
    package let interval: TimeSpan
    /// In 128 bits: the product of two 63-bit factors always fits.
    private var level: UInt128
    private var lastSeen: ContinuousTime

    /// Starts full; values below one count as one.
    package init(capacity: Int, refill: Int, every interval: TimeSpan, at now: ContinuousTime) {
        self.capacity = max(1, capacity)
        self.refill = max(1, refill)
        self.interval = max(TimeSpan(nanoseconds: 1), interval)
        level = UInt128(self.capacity) * UInt128(self.interval.nanoseconds)
        lastSeen = now
    }

    private var tokenCost: UInt128 { UInt128(interval.nanoseconds) }
    private var full: UInt128 { UInt128(capacity) * tokenCost }

    /// How many calls it would let through at once now.
    package func available(at now: ContinuousTime) -> Int { Int(refilled(at: now) / tokenCost) }

    /// Takes all of `count`, or nothing.
    ///
    /// A clock that went back counts as one that stood still.
    package mutating func take(_ count: Int = 1, at now: ContinuousTime) -> Outcome {
        level = refilled(at: now)
        lastSeen = max(lastSeen, now)
        guard count <= capacity else { return .neverPossible }
        let cost = UInt128(max(0, count)) * tokenCost
        guard level >= cost else { return .refused(retryAfter: time(toGain: cost - level)) }
        level -= cost
        return .taken(remaining: Int(level / tokenCost))
    }

    private func refilled(at now: ContinuousTime) -> UInt128 {
        guard now > lastSeen else { return level }
        let gain = UInt128((now - lastSeen).nanoseconds) * UInt128(refill)
        return min(full, level + gain)
    }

    /// Rounded up: at that time there *are* enough.
    private func time(toGain missing: UInt128) -> TimeSpan {
        let nanoseconds = (missing + UInt128(refill) - 1) / UInt128(refill)
        return TimeSpan(nanoseconds: Int64(clamping: nanoseconds))
    }
}
