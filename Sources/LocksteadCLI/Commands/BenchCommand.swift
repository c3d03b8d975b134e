#if Proof
    import ArgumentParser
    import Lockstead
    import LocksteadBench
    import LocksteadEngines
    import Logging

    #if canImport(FoundationEssentials)
        import FoundationEssentials
    #else
        import Foundation
    #endif

    /// `lockstead bench` — measures an engine, alone or against another.
    struct BenchCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "bench", abstract: "Measure an engine, alone or by turns with another.",
            discussion: """
                Workloads: \(Workload.forms.joined(separator: ", ")). Each client opens the engine for itself; "shared" is one client \
                with N tasks. Times on a machine that others use mean little by themselves: compare with --vs, which runs both by turns \
                and tells medians of ratios. Ends with 70 if two clients were ever in one critical section at once.
                """)

        @Argument(help: "Which workloads.")
        var workloads = ["unc1", "unc16", "shared16", "con16", "con64", "race10"]
        @Option(
            help: ArgumentHelp("Another engine, measured by turns with the first.", valueName: "url"))
        var vs: String?
        @Option(help: ArgumentHelp("How long each run is measured, instead of its own time.", valueName: "time"))
        var window: DurationOption?
        @Option(help: ArgumentHelp("How long each run warms up before.", valueName: "time"))
        var warmUp = DurationOption(.seconds(1))
        @Option(help: "How often each engine runs each workload with --vs.")
        var rounds = 3
        @Option(help: ArgumentHelp("Write a page with charts to this file.", valueName: "file"), completion: .file())
        var html: String?
        @OptionGroup var engine: EngineOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if rounds < 1 { throw ValidationError("--rounds takes a number from 1 on.") }
            for workload in workloads where Workload.parse(workload) == nil {
                let forms = Workload.forms.joined(separator: ", ")
                throw ValidationError(
                    "No workload is called \"\(workload)\"; there are \(forms), N from 1 to \(Workload.mostClients).")
            }
        }

        func run() async throws {
            try await Failure.reporting {
                let report = try await measure()
                if let html { try Data(Page.html(of: report).utf8).write(to: URL(filePath: html), options: .atomic) }
                if output.json { try JSON.print(report) } else { Self.show(report) }
                if report.violations > 0 { throw ExitStatus.internalFailure }
            }
        }

        private func measure() async throws -> BenchReport {
            let url = try engine.url()
            let bench = Bench(warmUp: warmUp.duration, window: window?.duration)
            let ours = try Engines.open(url)
            let peer = try vs.map { try Engines.open($0) }
            let date = Date.now.formatted(.iso8601)
            var (results, comparisons): ([BenchResult], [Comparison]) = ([], [])
            for workload in workloads.flatMap({ Workload.parse($0) ?? [] }) {
                if let peer {
                    comparisons.append(try await bench.compare(workload, ours, peer, rounds: rounds))
                } else {
                    results.append(try await bench.run(workload, ours))
                }
            }
            return BenchReport(engine: url, peer: vs, date: date, results: results, comparisons: comparisons)
        }

        private static func show(_ report: BenchReport) {
            show(
                BenchTable.titles,
                report.rows.map {
                    BenchTable.cells(of: $0, named: $0.result.workload + ($0.isPeer ? " (peer)" : ""))
                })
            if !report.comparisons.isEmpty {
                print()
                show(BenchTable.ratioTitles, report.comparisons.map(BenchTable.cells))
            }
            print(
                report.violations == 0
                    ? "Mutual exclusion held in every run." : "\(report.violations) violations of mutual exclusion!")
        }

        private static func show(_ allTitles: [String], _ allRows: [[String]]) {
            let (titles, rows) = BenchTable.trimmed(allTitles, allRows)
            var table = Table(titles.enumerated().map { .init(title: $0.element, alignsRight: $0.offset > 0) })
            for row in rows { table.add(row) }
            for line in table.lines(.standardOutput) { print(line) }
        }
    }

    /// Runs workloads as the command line asked for.
    private struct Bench {
        let warmUp: Duration
        let window: Duration?

        func run(_ workload: Workload, _ engine: LockEngine) async throws -> BenchResult {
            var logger = Logger(label: "lockstead") { StreamLogHandler.standardError(label: $0) }
            logger.logLevel = .critical
            return try await BenchRun(workload, engine: engine, warmUp: warmUp, window: window, logger: logger).run()
        }

        /// By turns, in the same minutes.
        func compare(
            _ workload: Workload, _ ours: LockEngine, _ peer: LockEngine, rounds: Int
        ) async throws -> Comparison {
            var (mine, theirs): ([BenchResult], [BenchResult]) = ([], [])
            for _ in 0..<rounds {
                mine.append(try await run(workload, ours))
                theirs.append(try await run(workload, peer))
            }
            return Comparison(workload: workload.name, ours: mine, peers: theirs)
        }
    }
#endif
