import LocksteadSimulator
import Testing

@Suite("The simulator notices")
struct PlantedMistakesTests {
    @Test("a canary fails with every seed, in every layer", arguments: SimulatedLayer.allCases)
    func canary(layer: SimulatedLayer) {
        for seed in 1...10 as ClosedRange<UInt64> {
            let result = layer.run(seed: seed, steps: 1_000, options: SimulationOptions(bug: .canary))
            #expect(result.problem != nil, "seed \(seed)")
        }
    }

    @Test("there are at least 21 mistakes to plant, each with a name of its own in its layer")
    func mistakes() {
        var count = 0
        for layer in SimulatedLayer.allCases {
            let names = SimulatedBug.all(in: layer).map(\.name)
            #expect(Set(names).count == names.count)
            count += names.count - 1
        }
        #expect(count >= 21)
    }
}
