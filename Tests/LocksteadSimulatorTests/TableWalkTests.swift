import LockCore
import LocksteadSimulator
import Testing

@Suite("Random walks over LockTable")
struct TableWalkTests {
    @Test("120 seeded walks of 500 steps break no invariant (S1–S4, S7, S9, S10, L3, RULES 34)")
    func cleanWalks() {
        var shortCuts = 0
        for seed in Self.seeds {
            var walk = TableWalk(seed: seed)
            #expect(walk.run(steps: 500) == nil)
            shortCuts += walk.shortCuts
        }
        print("the short way was taken and compared \(shortCuts) times")
        #expect(shortCuts > 20)
    }

    private static let seeds: ClosedRange<UInt64> = 1...120

    @Test("each planted bug is found", arguments: PlantedBug.allCases)
    func plantedBugIsFound(bug: PlantedBug) throws {
        let search = BugSearch(for: .table(bug), in: .table, seeds: 120, steps: 500)
        let finding = try #require(search.finding, "\(bug) walked 120 seeds unseen")
        print("planted \(bug): seed \(finding.seed), step \(finding.steps): \(finding.problem?.prefix(160) ?? "")")
    }

    @Test("the short way of plain acquires and releases makes the very table that apply makes")
    func shortWay() {
        var taken = 0
        for seed in UInt64(1)...40 {
            var walk = PlainWalk(seed: seed)
            #expect(walk.run(steps: 500) == nil, "seed \(seed)")
            taken += walk.shortCuts
        }
        print("the short way was taken and compared \(taken) times")
        #expect(taken > 5_000)
    }

    // Swift seeds its own hashing anew in each process: a digest that depended on it would differ from this one at once.
    @Test("the same seed gives the same digest in every process")
    func digestIsTheSameEverywhere() {
        var walk = TableWalk(seed: 4_711)
        #expect(walk.run(steps: 1_000) == nil)
        print("digest of seed 4711 after 1000 steps: \(walk.table.digest)")
        var again = TableWalk(seed: 4_711)
        _ = again.run(steps: 1_000)
        #expect(walk.table.digest == again.table.digest)
        #expect(walk.table.digest == 6_783_386_224_102_077_062)
    }
}
