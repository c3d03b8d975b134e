#if Proof
    import Lockstead
    import LocksteadBench
    import Logging

    /// Who takes part in a bench.
    enum Contestant: Sendable {
        case engine(LockEngine)
        case program(PeerProgram)
    }

    /// Runs workloads as the command line asked for.
    struct Contest: Sendable {
        let warmUp: Duration
        let window: Duration?
        let ground: CommonGround

        func run(_ workload: Workload, _ contestant: Contestant) async throws -> BenchResult {
            switch contestant {
            case .engine(let engine):
                try await BenchRun(
                    workload, engine: engine, warmUp: warmUp, window: window, ground: ground, logger: Self.logger
                ).run()
            case .program(let program): try await program.run(workload, warmUp: warmUp, window: window)
            }
        }

        /// By turns, in the same minutes.
        func compare(
            _ workload: Workload, _ ours: Contestant, _ peer: Contestant, rounds: Int
        ) async throws -> Comparison {
            var (mine, theirs): ([BenchResult], [BenchResult]) = ([], [])
            for _ in 0..<rounds {
                mine.append(try await run(workload, ours))
                theirs.append(try await run(workload, peer))
            }
            return Comparison(workload: workload.name, ours: mine, peers: theirs)
        }

        private static var logger: Logger {
            var logger = Logger(label: "lockstead") { StreamLogHandler.standardError(label: $0) }
            logger.logLevel = .critical
            return logger
        }
    }
#endif
