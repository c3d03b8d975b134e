import ArgumentParser
import LocksteadSimulator

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "simulate", abstract: "x")
    @Option var seeds = 10
    @Option var steps = 2000
    @Option var checkEvery = 1
    func run() async throws {
        var total: UInt64 = 0
        let clock = ContinuousClock()
        let start = clock.now
        for seed in 1...UInt64(seeds) {
            let r = SimulatedLayer.table.run(seed: seed, steps: steps, options: SimulationOptions(checkEvery: checkEvery))
            total &+= r.digest
            if let p = r.problem { print(seed, p) }
        }
        print(total, clock.now - start)
    }
}
