#if Proof
    import ArgumentParser
    import Lockstead
    import LocksteadBench
    import LocksteadEngines

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
                Workloads: \(Workload.forms.joined(separator: ", ")), where N is a number of clients, H and T are milliseconds of hold and \
                think. Each client opens the engine for itself; "shared" is one client with N tasks. Times on a machine that others use \
                mean little by themselves: compare with --vs or --peer, which run both by turns and tell medians of ratios. To see \
                whether clients of another program are kept out, run both at once with one --name and one --witness. Ends with 70 if two \
                clients were ever in one critical section at once.
                """)

        @Argument(help: "Which workloads.")
        var workloads = ["unc1", "unc16", "shared16", "con16", "con64", "race10"]
        @Option(
            help: ArgumentHelp("Another engine, measured by turns with the first.", valueName: "url"))
        var vs: String?
        @Option(
            help: ArgumentHelp(
                "Another program, measured by turns with the engine.",
                discussion: "A shell's command; the workload is appended as options, and a result is expected in JSON.",
                valueName: "command"))
        var peer: String?
        @Option(help: ArgumentHelp("How long each run is measured, instead of its own time.", valueName: "time"))
        var window: DurationOption?
        @Option(help: ArgumentHelp("How long each run warms up before.", valueName: "time"))
        var warmUp = DurationOption(.seconds(1))
        @Option(help: "How often each of the two runs each workload with --vs or --peer.")
        var rounds = 3
        @Option(help: "The lock that all clients want, or what their own names begin with; fresh unless given.")
        var name: String?
        @Option(
            help: ArgumentHelp(
                "A file made in each critical section, where it must not be: clients of other programs make it too.",
                valueName: "file"), completion: .file())
        var witness: String?
        @Option(help: ArgumentHelp("Write a page with charts to this file.", valueName: "file"), completion: .file())
        var html: String?
        @OptionGroup var engine: EngineOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if rounds < 1 { throw ValidationError("--rounds takes a number from 1 on.") }
            if vs != nil, peer != nil { throw ValidationError("Give --vs or --peer, not both.") }
            for text in workloads { try check(text) }
        }

        private func check(_ text: String) throws {
            guard let workloads = Workload.parse(text) else {
                let forms = Workload.forms.joined(separator: ", ")
                throw ValidationError(
                    "No workload is called \"\(text)\"; there are \(forms), N from 1 to \(Workload.mostClients).")
            }
            if witness != nil, workloads.contains(where: \.hasNames) {
                throw ValidationError("--witness watches one name, and \"\(text)\" has one for each client.")
            }
            if peer != nil, !workloads.allSatisfy(PeerProgram.takes) {
                throw ValidationError("--peer runs unc, shared and con workloads and handoff2, not \"\(text)\".")
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
            let ground = CommonGround(name: name, witness: try witness.map(WitnessFile.init))
            let contest = Contest(warmUp: warmUp.duration, window: window?.duration, ground: ground)
            let ours = Contestant.engine(try Engines.open(url))
            let other = try contestant()
            let date = Date.now.formatted(.iso8601)
            var (results, comparisons): ([BenchResult], [Comparison]) = ([], [])
            for workload in workloads.flatMap({ Workload.parse($0) ?? [] }) {
                if let other {
                    comparisons.append(try await contest.compare(workload, ours, other, rounds: rounds))
                } else {
                    results.append(try await contest.run(workload, ours))
                }
            }
            return BenchReport(engine: url, peer: vs ?? peer, date: date, results: results, comparisons: comparisons)
        }

        /// Whom the engine is compared with; `nil` where it runs alone.
        private func contestant() throws -> Contestant? {
            if let vs { return .engine(try Engines.open(vs)) }
            return peer.map { .program(PeerProgram(command: $0)) }
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
            for error in report.errors { print("Failed: \(error)") }
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
#endif
