import ArgumentParser

/// The commands that prove and measure: simulate, verify, bench.
///
/// The trait `Proof`, on by default, brings them and the targets they stand on; `make demo` builds without it. Import those targets
/// under `#if Proof` only.
enum ProofCommands {
    #if Proof
        static let all: [any ParsableCommand.Type] = [
            SimulateCommand.self, VerifyCommand.self, BenchCommand.self, BenchProbeCommand.self,
        ]
    #else
        static let all: [any ParsableCommand.Type] = []
    #endif
}
