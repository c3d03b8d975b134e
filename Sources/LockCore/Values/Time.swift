/// A length of time in whole nanoseconds, at most 292 years; arithmetic saturates, so that hostile input cannot trap.
///
/// `Duration` is the public unit. This is its cheap, total twin for machines that compare times millions of times a second.
package struct TimeSpan: Sendable, Hashable, Comparable {
    package let nanoseconds: Int64

    @inlinable package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Rounds towards zero; saturates beyond 292 years.
    @inlinable package init(_ duration: Duration) {
        let attoseconds = duration.attoseconds
        let magnitude = attoseconds.magnitude
        // 2^63 nanoseconds are 5 · 10⁸ · 2^64 attoseconds.
        guard magnitude >> 64 < 500_000_000 else {
            nanoseconds = attoseconds < 0 ? .min : .max
            return
        }
        let whole = Self.billionths(of: magnitude)
        nanoseconds = attoseconds < 0 ? -whole : whole
    }

    /// Divides by 10⁹ = 2⁹ · 5⁹, the second factor in digits of 32 bits: a division of 128 bits would cost more than a lock.
    @usableFromInline static func billionths(of attoseconds: UInt128) -> Int64 {
        let dividend = attoseconds >> 9
        let divisor: UInt64 = 1_953_125
        // Below 2²⁰ for all that fits the result, so the first digit of the quotient is zero.
        let high = UInt64(truncatingIfNeeded: dividend >> 64)
        let low = UInt64(truncatingIfNeeded: dividend)
        let middle = high << 32 | low >> 32
        let last = (middle % divisor) << 32 | (low & 0xFFFF_FFFF)
        return Int64((middle / divisor) << 32 | (last / divisor))
    }

    @inlinable package static func seconds(_ count: Int64) -> TimeSpan {
        .init(nanoseconds: count.saturatingMultiplied(by: 1_000_000_000))
    }
    @inlinable package static func milliseconds(_ count: Int64) -> TimeSpan {
        .init(nanoseconds: count.saturatingMultiplied(by: 1_000_000))
    }
    // Computed: a stored one is fetched through a check whether it has been made yet, wherever the optimizer does not see into this module.
    @inlinable package static var zero: TimeSpan { .init(nanoseconds: 0) }
    @inlinable package static var forever: TimeSpan { .init(nanoseconds: .max) }

    @inlinable package var duration: Duration { .nanoseconds(nanoseconds) }

    @inlinable package static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.nanoseconds < right.nanoseconds }
    @inlinable package static func + (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        .init(nanoseconds: left.nanoseconds.saturatingAdding(right.nanoseconds))
    }
    @inlinable package static func - (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        .init(nanoseconds: left.nanoseconds.saturatingSubtracting(right.nanoseconds))
    }
    @inlinable package static func * (left: TimeSpan, right: Int64) -> TimeSpan {
        .init(nanoseconds: left.nanoseconds.saturatingMultiplied(by: right))
    }
    /// A divisor of zero is a bug of ours, and traps.
    @inlinable package static func / (left: TimeSpan, right: Int64) -> TimeSpan {
        .init(nanoseconds: left.nanoseconds / right)
    }
}

/// A point on some clock in nanoseconds.
///
/// The two kinds never mix: each is a type of its own.
package protocol NanosecondInstant: Sendable, Hashable, Comparable {
    var nanoseconds: Int64 { get }
    init(nanoseconds: Int64)
}

extension NanosecondInstant {
    @inlinable package static var distantFuture: Self { .init(nanoseconds: .max) }
    @inlinable package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
    @inlinable package static func + (left: Self, right: TimeSpan) -> Self {
        .init(nanoseconds: left.nanoseconds.saturatingAdding(right.nanoseconds))
    }
    @inlinable package static func - (left: Self, right: TimeSpan) -> Self {
        .init(nanoseconds: left.nanoseconds.saturatingSubtracting(right.nanoseconds))
    }
    @inlinable package static func - (left: Self, right: Self) -> TimeSpan {
        .init(nanoseconds: left.nanoseconds.saturatingSubtracting(right.nanoseconds))
    }
}

/// The time a `LockTable` lives by: stamped into each command by whoever orders them, and never going back (RULES 4).
package struct LogTime: NanosecondInstant {
    package let nanoseconds: Int64
    @inlinable package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    @inlinable package static var zero: LogTime { .init(nanoseconds: 0) }
}

/// A reading of this host's continuous clock, which runs while the machine sleeps: the only clock that carries a lease.
public struct ContinuousTime: NanosecondInstant, Hashable, Comparable {
    /// Nanoseconds since an arbitrary start that is the same for all processes of one boot.
    public let nanoseconds: Int64
    /// Wraps a reading.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Earlier readings come first.
    public static func < (left: ContinuousTime, right: ContinuousTime) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The reading `duration` later, or the far end of the clock.
    public func advanced(by duration: Duration) -> ContinuousTime { self + TimeSpan(duration) }

    /// How long it is from this reading to another; negative where the other is earlier.
    public func duration(to other: ContinuousTime) -> Duration { (other - self).duration }
}

extension FixedWidthInteger {
    @inlinable package func saturatingAdding(_ other: Self) -> Self {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
    @inlinable package func saturatingSubtracting(_ other: Self) -> Self {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }
    @inlinable package func saturatingMultiplied(by other: Self) -> Self {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
    }
}
