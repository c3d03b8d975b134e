import Testing

@testable import LockCore

@Suite("S5: belief never overlaps, whatever network, clocks and scheduler do")
struct LeaseWalkTests {
    static let seeds: ClosedRange<UInt64> = 1...40

    @Test(
        "S5, RULES 1: with the client's clock slow and the engine's fast, no two clients ever believe to hold the lock")
    func neverOverlaps() {
        var (grants, renewals) = (0, 0)
        for seed in Self.seeds {
            var walk = LeaseWalk(seed: seed, defect: .none)
            walk.run(steps: 10_000)
            #expect(walk.overlaps == 0, "seed \(seed)")
            grants += walk.grants
            renewals += walk.renewals
        }
        // A walk in which nothing is granted or renewed would prove nothing.
        #expect(grants > 200)
        #expect(renewals > 400)
    }

    @Test("The walk finds each planted wrong way of counting", arguments: BeliefDefect.allCases.filter { $0 != .none })
    func findsPlantedDefects(defect: BeliefDefect) {
        let finder = Self.seeds.first { seed in
            var walk = LeaseWalk(seed: seed, defect: defect)
            walk.run(steps: 10_000)
            return walk.overlaps > 0
        }
        #expect(finder != nil)
    }

    @Test("The same seed walks the same way")
    func reproducible() {
        var (first, second) = (
            LeaseWalk(seed: 7, defect: .oneSidedRateError), LeaseWalk(seed: 7, defect: .oneSidedRateError)
        )
        first.run(steps: 10_000)
        second.run(steps: 10_000)
        #expect((first.grants, first.renewals, first.overlaps) == (second.grants, second.renewals, second.overlaps))
    }
}
