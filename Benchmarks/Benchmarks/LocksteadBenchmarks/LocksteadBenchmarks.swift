import Benchmark
import LocksteadBench

/// The hot paths, a thousand rounds each; figures are for one round.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .throughput], scalingFactor: .kilo, maxDuration: .seconds(3))
    for probe in Probe.allCases {
        Benchmark(probe.rawValue) { benchmark in
            _ = try await probe.run(rounds: benchmark.scaledIterations.count)
        }
    }
}
