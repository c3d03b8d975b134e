import LocksteadSimulator
import Testing

@Suite("The simulator notices")
struct PlantedMistakesTests {
    private static let ofSessions = SimulatedBug.all(in: .session).filter { $0 != .canary }

    @Test(
        "each mistake planted around sessions is found (RULES 1, 2, 3, 4, 8, 19, 22a, 22b, 22c, 22d, 22e, 35)",
        arguments: ofSessions)
    func found(bug: SimulatedBug) throws {
        let search = BugSearch(for: bug, in: .session, seeds: 200, steps: 1_500)
        let finding = try #require(search.finding, "\(bug.name) went unseen for 200 seeds")
        print("planted \(bug.name): seed \(finding.seed), step \(finding.steps): \(finding.problem?.prefix(160) ?? "")")
    }

    @Test("a canary fails with every seed, in every layer", arguments: SimulatedLayer.allCases)
    func canary(layer: SimulatedLayer) {
        for seed in 1...10 as ClosedRange<UInt64> {
            let result = layer.run(seed: seed, steps: 1_000, options: SimulationOptions(bug: .canary))
            #expect(result.problem != nil, "seed \(seed)")
        }
    }

    @Test("there are at least 25 mistakes to plant, each with a name of its own in its layer")
    func mistakes() {
        var count = 0
        for layer in SimulatedLayer.allCases {
            let names = SimulatedBug.all(in: layer).map(\.name)
            #expect(Set(names).count == names.count)
            count += names.count - 1
        }
        #expect(count >= 25)
    }
}
