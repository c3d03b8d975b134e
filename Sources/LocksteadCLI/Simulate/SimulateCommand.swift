#if Proof
    import ArgumentParser
    import LocksteadSimulator

    /// `lockstead simulate` — looks for broken promises in courses of events drawn from seeds.
    struct SimulateCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "simulate", abstract: "Look for broken promises in courses of events drawn from seeds.",
            discussion: """
                Runs the lock rules, and clients with leases against a service over a faulty network, in virtual time. \
                Ends with 70 if a promise was broken, and prints the command that replays it; with --planted, if a \
                planted mistake went unseen. A mistake in the lock rules can only be planted in a debug build, or in \
                one with the trait PlantedBugs.
                """)

        @Option(help: "table: the lock rules alone; session: leases, renewal and retries; all: both.")
        var layer = LayerOption.all
        @Option(help: "How many seeds to run, from 1 on.")
        var seeds = 200
        @Option(help: "How many steps each takes, before everything is let come to rest.")
        var steps = 2_000
        @Option(help: "Run this seed alone.")
        var seed: UInt64?
        @Flag(help: "With --seed: print each step.")
        var trace = false
        @Option(help: ArgumentHelp("Plant this mistake and look for it; all: each in turn.", valueName: "mistake"))
        var planted: String?
        @Option(help: "Look at the table's own rules after every so many steps; the judge looks at every step.")
        var checkEvery = 1
        @Flag(help: "Measure instead how many steps a second the lock rules take on one core.")
        var speed = false
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard seeds > 0, steps > 0, checkEvery > 0 else {
                throw ValidationError("--seeds, --steps and --check-every take numbers above zero.")
            }
            if trace, seed == nil { throw ValidationError("--trace follows one seed; name it with --seed.") }
        }

        func run() async throws {
            try await Failure.reporting {
                if speed {
                    return try SimulationReports(json: output.json).tell(TableSpeed.measure(checkEvery: checkEvery))
                }
                if let planted, planted == "all" || seed == nil { return try await lookForPlanted(planted) }
                try await lookForBroken()
            }
        }

        /// The mistake named on the command line, in this layer.
        private func bug(in layer: SimulatedLayer) throws -> SimulatedBug? {
            guard let planted else { return nil }
            guard let bug = SimulatedBug.all(in: layer).first(where: { $0.name == planted }) else {
                throw ValidationError(
                    "No mistake of the layer \(layer.rawValue) is called \"\(planted)\"; --planted all names them.")
            }
            try Self.check([bug])
            return bug
        }

        private static func check(_ bugs: [SimulatedBug]) throws {
            guard bugs.allSatisfy(\.canBePlanted) else {
                throw FailedCommand(
                    Failure(
                        "This build has no mistakes in it; build it for debugging, or with --traits default,PlantedBugs.",
                        ExitStatus.usage))
            }
        }

        private func lookForBroken() async throws {
            let reports = SimulationReports(json: output.json)
            var isClean = true
            for layer in layer.layers {
                let options = SimulationOptions(bug: try bug(in: layer), checkEvery: checkEvery)
                if let seed, trace {
                    let result = layer.run(seed: seed, steps: steps, options: options) { print("\($0)  \($1)") }
                    isClean = try reports.tell(result, steps: steps, options) && isClean
                } else {
                    let range = seed.map { $0...$0 } ?? 1...UInt64(seeds)
                    let campaign = Campaign(layer, seeds: range, steps: steps, options: options)
                    isClean = try reports.tell(await Fleet.run(campaign), of: campaign) && isClean
                }
            }
            if !isClean { throw ExitStatus.internalFailure }
        }

        private func lookForPlanted(_ name: String) async throws {
            let bugs = layer.layers.flatMap { layer in SimulatedBug.all(in: layer).map { (layer, $0) } }
                .filter { name == "all" || $0.1.name == name }
            guard !bugs.isEmpty else {
                throw ValidationError("No mistake is called \"\(name)\"; --planted all names them.")
            }
            try Self.check(bugs.map(\.1))
            let reports = SimulationReports(json: output.json)
            var unseen = 0
            for search in await Fleet.search(bugs, seeds: seeds, steps: steps) {
                try reports.tell(search, steps: steps)
                if !search.isFound { unseen += 1 }
            }
            if !output.json { print("\(bugs.count - unseen) of \(bugs.count) planted mistakes found") }
            if unseen > 0 { throw ExitStatus.internalFailure }
        }
    }

    /// The layers a command names.
    enum LayerOption: String, ExpressibleByArgument, CaseIterable, Sendable {
        case table, session, all

        var layers: [SimulatedLayer] {
            switch self {
            case .table: [.table]
            case .session: [.session]
            case .all: SimulatedLayer.allCases
            }
        }
    }
#endif
