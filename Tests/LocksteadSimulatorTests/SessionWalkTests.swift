import LocksteadSimulator
import Testing

@Suite("Clients with leases against the service over a faulty network")
struct SessionWalkTests {
    private static let seeds: ClosedRange<UInt64> = 1...48

    @Test("48 seeded courses of 1,500 events break no promise (S1–S7, S9, S10, L3, RULES 22), and are eventful")
    func cleanWalks() {
        var (grants, renewals, retries, expiries, elections, restarts, refusals) = (0, 0, 0, 0, 0, 0, 0)
        for seed in Self.seeds {
            var walk = SessionWalk(seed: seed)
            #expect(Self.run(&walk, steps: 1_500) == nil, "seed \(seed)")
            grants += walk.counts.grants
            renewals += walk.counts.renewals
            retries += walk.counts.retries
            expiries += walk.counts.expiries
            elections += walk.counts.elections
            restarts += walk.counts.restarts
            refusals += walk.counts.refusals
        }
        // A course in which nothing happens proves nothing.
        #expect(grants > 400 && renewals > 400 && retries > 1_000)
        #expect(expiries > 20 && elections > 60 && restarts > 5 && refusals > 2)
    }

    @Test("with clocks wrong by five in a hundred S5 fails, as it may, and S6 does not (RULES 1)")
    func worseClocksThanPromised() {
        var overlaps = 0
        for seed in stride(from: UInt64(7), through: 8 * 60, by: 8) {
            var walk = SessionWalk(seed: seed)
            #expect(Self.run(&walk, steps: 1_500) == nil, "seed \(seed)")
            overlaps += walk.counts.overlaps
        }
        // Else the judge of beliefs would be blind.
        #expect(overlaps > 0)
    }

    @Test("the same seed takes the same course in every process")
    func sameCourse() {
        let first = SimulatedLayer.session.run(seed: 4_711, steps: 1_000)
        #expect(first == SimulatedLayer.session.run(seed: 4_711, steps: 1_000))
        #expect(first.problem == nil)
        #expect(first.digest == 16_926_624_236_283_928_556)
    }

    private static func run(_ walk: inout SessionWalk, steps: Int) -> String? {
        for _ in 0..<steps {
            if let problem = walk.step() { return problem }
        }
        return walk.settle()
    }
}
