import ArgumentParser
import LocksteadBench

/// `lockstead bench-probe` — runs one small path many times; for `dev/allocs` and profilers.
struct BenchProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-probe", abstract: "Run one small path many times.", shouldDisplay: false)

    @Argument var probe: String
    @Argument var rounds: Int

    func run() async throws {
        guard let probe = Probe(rawValue: probe) else { throw ValidationError("no such probe") }
        let figures = try await probe.run(rounds: rounds).sorted()
        guard !figures.isEmpty else { return }
        print("p50 \(figures[figures.count / 2]) ns, p99 \(figures[figures.count * 99 / 100]) ns")
    }
}
