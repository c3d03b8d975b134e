/// Many seeds of one layer, cut into batches that may run side by side: no seed knows of another.
package struct Campaign: Sendable, Hashable {
    /// What is simulated.
    package let layer: SimulatedLayer
    /// The seeds.
    package let seeds: ClosedRange<UInt64>
    /// How many steps each takes.
    package let steps: Int
    /// The mistake to make, and how often to check.
    package let options: SimulationOptions

    /// Plans a campaign; nothing runs yet.
    package init(
        _ layer: SimulatedLayer, seeds: ClosedRange<UInt64>, steps: Int,
        options: SimulationOptions = SimulationOptions()
    ) {
        (self.layer, self.seeds, self.steps, self.options) = (layer, seeds, steps, options)
    }

    /// What came of a part of a campaign, or of all of it.
    package struct Outcome: Sendable, Hashable {
        /// How many seeds were run.
        package var seeds = 0
        /// How many steps they took together.
        package var steps = 0
        /// The sum of their digests: in whatever order the batches came home.
        package var digest: UInt64 = 0
        /// Of the seeds that went wrong, the lowest.
        package var failure: SimulationResult?

        /// Nothing was run yet.
        package init() {}

        /// Takes in what came of another part.
        package mutating func add(_ other: Outcome) {
            seeds += other.seeds
            steps += other.steps
            digest &+= other.digest
            if let found = other.failure, found.seed < failure?.seed ?? .max { failure = found }
        }
    }

    /// Runs the seeds of one batch, up to the first that goes wrong.
    package func run(_ batch: ClosedRange<UInt64>) -> Outcome {
        var outcome = Outcome()
        for seed in batch {
            let result = layer.run(seed: seed, steps: steps, options: options)
            outcome.seeds += 1
            outcome.steps += result.steps
            outcome.digest &+= result.digest
            if result.problem != nil {
                outcome.failure = result
                break
            }
        }
        return outcome
    }

    /// The seeds in batches of at most `size`, in order.
    package func batches(of size: UInt64) -> [ClosedRange<UInt64>] {
        var batches: [ClosedRange<UInt64>] = []
        var first = seeds.lowerBound
        while first <= seeds.upperBound {
            let last = seeds.upperBound - first < size ? seeds.upperBound : first + size - 1
            batches.append(first...last)
            if last == .max { break }
            first = last + 1
        }
        return batches
    }
}
