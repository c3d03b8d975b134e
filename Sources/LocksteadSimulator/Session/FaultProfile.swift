import LockCore
import SeededRandom

/// How badly one seed's world behaves.
struct FaultProfile {
    /// In percent.
    var drop: Int
    /// In percent.
    var duplicate: Int
    /// How many messages in a hundred are slow, and by how much at most.
    var slow: Int
    var slowest: Int64
    /// The largest rate error of a clock, in ten-thousandths: beyond one in a hundred S5 is not promised.
    var rate: Int64
    /// On average between two faults.
    var calm: Int64

    /// Leaders' clocks run as fast, and clients' as slow, as is allowed.
    let isHardOnLeases: Bool
    /// How often, in percent, a session goes silent just after it was renewed.
    var silences = 3
    /// How often, in percent, a grant is revoked before its holder hears of it.
    var revocations = 2
    /// How many holders in a hundred keep a lock for longer than a lease.
    var dwellers = 20

    var promisesBelief: Bool { rate <= 100 }

    init(seed: UInt64, _ draw: inout SeededGenerator) {
        drop = Int.random(in: 0...30, using: &draw)
        duplicate = Int.random(in: 0...50, using: &draw)
        slow = Int.random(in: 0...20, using: &draw)
        slowest = Int64.random(in: 10_000_000...5_000_000_000, using: &draw)
        // Every third world is quick and faithful: what a wrong count gains is a hundredth of the lease, and only a quick rival
        // comes that close.
        if seed % 3 == 0 { (drop, slow) = (drop / 10, slow / 10) }
        rate = seed % 8 == 7 ? 500 : 100
        // Some worlds are hard on leases, some on grants: what goes wrong once in a hundred leases is seen there.
        isHardOnLeases = seed % 4 == 1 || rate == 500
        if isHardOnLeases { (silences, dwellers) = (25, 60) }
        if seed % 4 == 2 { (revocations, dwellers) = (30, 50) }
        calm = Int64.random(in: 500_000_000...4_000_000_000, using: &draw)
    }

    /// When the copies of a message sent now arrive: none where it is lost.
    func arrivals(_ now: Int64, _ draw: inout SeededGenerator) -> [Int64] {
        var times: [Int64] = []
        if Int.random(in: 0..<100, using: &draw) >= drop { times.append(now + delay(&draw)) }
        if Int.random(in: 0..<100, using: &draw) < duplicate { times.append(now + delay(&draw)) }
        return times
    }

    func delay(_ draw: inout SeededGenerator) -> Int64 {
        if Int.random(in: 0..<100, using: &draw) < slow {
            // Often only as late as a heartbeat waits for its answer.
            let most = Int.random(in: 0..<2, using: &draw) == 0 ? slowest : min(slowest, 500_000_000)
            return Int64.random(in: 0...most, using: &draw)
        }
        return Int64.random(in: 50_000...3_000_000, using: &draw)
    }

    /// At the ends of what is allowed more often than between them; where leases are hard pressed, at the worse one.
    func clock(ofLeader: Bool, _ draw: inout SeededGenerator) -> DriftingClock {
        var rates = [-rate, -rate, -rate / 2, 0, rate / 2, rate, rate]
        if isHardOnLeases { rates = [ofLeader ? rate : -rate] }
        return DriftingClock(
            start: Int64.random(in: 0...1_000_000_000_000, using: &draw), rate: rates.randomElement(using: &draw) ?? 0)
    }

    /// Faults are over: everything arrives, once and soon.
    mutating func heal() { (drop, duplicate, slow) = (0, 0, 0) }
}
