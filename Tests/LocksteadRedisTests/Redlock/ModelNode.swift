import Lockstead

@testable import LocksteadRedis

/// What the scripts do, without Redis.
struct ModelNode {
    enum Extending: Equatable { case done, free, other }

    let skew: Int64
    /// Since when it remembers.
    let born: Int64
    var holder: (attempt: Int, ends: Int64)?
    private var counter: UInt64 = 0
    private var gone: Set<Int> = []

    /// One that has long been there, unless it was born lately.
    init(skew: Int64, born: Int64 = -3_600_000_000) { (self.skew, self.born) = (skew, born) }

    private func micros(_ now: Int64) -> UInt64 { UInt64(now + skew) }
    private func age(_ now: Int64) -> TimeSpan { TimeSpan(nanoseconds: (now - born) * 1_000) }

    private func owner(_ now: Int64) -> Int? { holder.flatMap { $0.ends >= now ? $0.attempt : nil } }

    mutating func acquire(
        _ attempt: Int, _ proposed: UInt64, at now: Int64, _ planted: RedlockModel.Planted?
    ) -> AcquireRound.Answer {
        if gone.contains(attempt) { return .gone }
        if let owner = owner(now), owner != attempt {
            return .busy(AcquireRound.Busy(value: "", opensIn: nil, micros: micros(now), age: age(now), rank: nil))
        }
        holder = (attempt, now + RedlockModel.lease)
        let isAbove = proposed > counter || planted == .proposalNotAbove
        let isTaken = proposed > 0 && isAbove && proposed >= micros(now) && proposed <= micros(now) + 5_000_000
        if isTaken { counter = max(counter, proposed) }
        return .taken(
            AcquireRound.Taken(
                token: isTaken ? proposed : 0, counter: planted == .proposalNotAbove ? min(counter, proposed) : counter,
                micros: micros(now), age: age(now)))
    }

    mutating func raise(_ attempt: Int, _ token: UInt64, at now: Int64, _ planted: RedlockModel.Planted?) -> Bool {
        guard owner(now) == attempt || planted == .raiseWithoutOwnerCheck else { return false }
        counter = max(counter, token)
        return true
    }

    mutating func extend(_ attempt: Int, at now: Int64) -> Extending {
        guard let owner = owner(now) else { return .free }
        guard owner == attempt else { return .other }
        holder = (attempt, now + RedlockModel.lease)
        return .done
    }

    mutating func heal(_ attempt: Int, _ token: UInt64, at now: Int64) {
        guard !gone.contains(attempt), owner(now) == nil else { return }
        counter = max(counter, token)
        holder = (attempt, now + RedlockModel.lease)
    }

    mutating func release(_ attempt: Int) {
        gone.insert(attempt)
        if holder?.attempt == attempt { holder = nil }
    }
}
