#if Proof
    import ArgumentParser
    import LocksteadBench

    /// `lockstead bench-probe` — runs one thing many times; for `dev/allocs`, `dev/show` and profilers.
    struct BenchProbeCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "bench-probe", abstract: "Run one thing many times.", shouldDisplay: false)

        @Argument var probe: String
        @Argument var count: Int

        func run() async throws {
            try await Failure.reporting {
                switch probe {
                case "waiters": try await Self.tell(CrowdProbe.waiters(count))
                case "handover": try await Self.tell(CrowdProbe.handOvers(tasks: 16, rounds: count))
                case "floor": await Self.tell(FloorProbe.handOvers(tasks: 16, rounds: count))
                case "renewals": try await Self.renewals(count)
                default: try await Self.path(probe, count)
                }
            }
        }

        private static func tell(_ finding: CrowdProbe.Finding) {
            let rate = Int(Double(finding.releases) / finding.seconds)
            print("releases \(finding.releases) resumes \(finding.resumptions) per second \(rate)")
        }

        /// A lease of the default length, looked at for three renewals of each lock.
        private static func renewals(_ count: Int) async throws {
            let found = try await RenewalProbe.measure(locks: count, lease: .seconds(30), window: .seconds(30))
            let share = Figures.number(found.processorShare * 100)
            print(
                "locks \(found.locks) bytes each \(found.bytesPerLock) renewals \(found.renewals) lost \(found.lost) core percent \(share)"
            )
        }

        private static func path(_ name: String, _ rounds: Int) async throws {
            guard let probe = Probe(rawValue: name) else {
                throw ValidationError("No probe is called \"\(name)\".")
            }
            let figures = try await probe.run(rounds: rounds).sorted()
            guard !figures.isEmpty else { return }
            print("p50 \(figures[figures.count / 2]) ns, p99 \(figures[figures.count * 99 / 100]) ns")
        }
    }
#endif
