import LockCore
import SeededRandom
import Testing

@Suite("TokenBucket")
struct PoliciesTokenBucketTests {
    static let start = ContinuousTime(nanoseconds: 5)

    @Test("A full bucket lets its capacity through at once and then refuses")
    func burst() {
        var bucket = TokenBucket(capacity: 3, refill: 1, every: .seconds(1), at: Self.start)
        #expect(bucket.take(at: Self.start) == .taken(remaining: 2))
        #expect(bucket.take(2, at: Self.start) == .taken(remaining: 0))
        #expect(bucket.take(at: Self.start) == .refused(retryAfter: .seconds(1)))
    }

    @Test("The time it names is exactly the time at which it lets through, and not a nanosecond earlier")
    func retryAfter() {
        var bucket = TokenBucket(capacity: 1, refill: 3, every: .seconds(1), at: Self.start)
        #expect(bucket.take(at: Self.start) == .taken(remaining: 0))
        let wait = TimeSpan(nanoseconds: 333_333_334)
        #expect(bucket.take(at: Self.start) == .refused(retryAfter: wait))
        var early = bucket
        let almost = Self.start + wait - TimeSpan(nanoseconds: 1)
        #expect(early.take(at: almost) == .refused(retryAfter: TimeSpan(nanoseconds: 1)))
        #expect(bucket.take(at: Self.start + wait) == .taken(remaining: 0))
    }

    @Test("Asking for more than it holds is refused for good; asking for none or less takes none")
    func counts() {
        var bucket = TokenBucket(capacity: 2, refill: 1, every: .seconds(1), at: Self.start)
        #expect(bucket.take(3, at: Self.start) == .neverPossible)
        #expect(bucket.take(0, at: Self.start) == .taken(remaining: 2))
        #expect(bucket.take(.min, at: Self.start) == .taken(remaining: 2))
    }

    @Test("Looked at every nanosecond or once a day, it has let through the same: no drift")
    func drift() {
        // 7 per 3 s: the refill per nanosecond is no whole number, where rounding would show.
        var often = TokenBucket(capacity: 1_000_000, refill: 7, every: .seconds(3), at: Self.start)
        var seldom = often
        #expect(often.take(1_000_000, at: Self.start) == .taken(remaining: 0))
        #expect(seldom.take(1_000_000, at: Self.start) == .taken(remaining: 0))
        var now = Self.start
        for step in 1...100_000 as ClosedRange<Int64> {
            now = now + TimeSpan(nanoseconds: step % 1_013 * 977)
            _ = often.take(0, at: now)
        }
        #expect(often.available(at: now) == seldom.available(at: now))
        #expect(often.take(1_000_000, at: now) == seldom.take(1_000_000, at: now))
        #expect(often == advancedOnce(seldom, to: now))
    }

    func advancedOnce(_ bucket: TokenBucket, to now: ContinuousTime) -> TokenBucket {
        var copy = bucket
        _ = copy.take(0, at: now)
        return copy
    }

    @Test("A clock that goes back counts as one that stands still")
    func backwards() {
        var bucket = TokenBucket(capacity: 1, refill: 1, every: .seconds(1), at: Self.start + .seconds(10))
        #expect(bucket.take(at: Self.start + .seconds(10)) == .taken(remaining: 0))
        #expect(bucket.take(at: Self.start) == .refused(retryAfter: .seconds(1)))
        #expect(bucket.take(at: Self.start + .seconds(10)) == .refused(retryAfter: .seconds(1)))
        #expect(bucket.take(at: Self.start + .seconds(11)) == .taken(remaining: 0))
    }

    @Test("Extreme settings and times saturate instead of trapping")
    func extremes() {
        var bucket = TokenBucket(
            capacity: .max, refill: .max, every: .forever, at: ContinuousTime(nanoseconds: .min))
        #expect(bucket.take(.max, at: ContinuousTime(nanoseconds: .min)) == .taken(remaining: 0))
        #expect(bucket.take(.max, at: .distantFuture) == .taken(remaining: 0))
        var small = TokenBucket(capacity: .min, refill: .min, every: .seconds(-4), at: .distantFuture)
        #expect(small.take(at: .distantFuture) == .taken(remaining: 0))
        #expect(small.take(at: .distantFuture) == .refused(retryAfter: TimeSpan(nanoseconds: 1)))
    }

    @Test(
        "Random walks never let through more than capacity plus refill over the time that passed",
        arguments: 1...20 as ClosedRange<UInt64>)
    func walk(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let capacity = Int.random(in: 1...50, using: &generator)
        let refill = Int.random(in: 1...50, using: &generator)
        let interval = TimeSpan.milliseconds(Int64.random(in: 1...5_000, using: &generator))
        var bucket = TokenBucket(capacity: capacity, refill: refill, every: interval, at: Self.start)
        var (now, taken) = (Self.start, 0)
        for _ in 0..<5_000 {
            now = now + TimeSpan(nanoseconds: Int64.random(in: 0...2_000_000, using: &generator))
            let wanted = Int.random(in: 0...3, using: &generator)
            if case .taken = bucket.take(wanted, at: now) { taken += wanted }
            let gained = UInt128((now - Self.start).nanoseconds) * UInt128(refill) / UInt128(interval.nanoseconds)
            #expect(UInt128(taken) <= UInt128(capacity) + gained, "seed \(seed)")
        }
        #expect(taken > capacity, "the walk must outlast the first burst, seed \(seed)")
    }
}
