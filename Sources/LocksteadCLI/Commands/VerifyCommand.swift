#if Proof
    import ArgumentParser
    import Lockstead
    import LocksteadTesting

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #elseif canImport(Darwin)
        import Darwin
    #endif

    /// `lockstead verify` — judges a recorded history.
    struct VerifyCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Judge a recorded history of lock operations.",
            discussion: """
                Ends with 0 if nothing in the history contradicts the rules, with 1 if something does (the lines that show it are \
                printed), with 2 if the search for an order was given up, and with 65 if the file is no history.
                """)

        @Argument(help: "The history, in JSON Lines; - for standard input.", completion: .file())
        var file: String
        @Flag(help: "Do not order grants by token; search for an order that explains all answers.")
        var search = false
        @Option(help: "How late a grant may come after a dead holder's lease has run out.")
        var slack = DurationOption(JudgeRules().slack)
        @Option(help: "By how many thousandths the rate of a clock may be off.")
        var rateError = JudgeRules().rateErrorPermille
        @Option(help: "How many configurations to search for each key before giving up.")
        var limit = JudgeRules().searchLimit
        @Flag(help: "Expect lost updates, as of a resource that checks no tokens: fail if none is lost.")
        var control = false
        @Option(help: "Write the operations as a plain list to this file.", completion: .file())
        var exportOperations: String?
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (0...500).contains(rateError) else {
                throw ValidationError("--rate-error takes 0 to 500 thousandths.")
            }
            guard limit > 0 else { throw ValidationError("--limit takes at least 1.") }
        }

        func run() async throws {
            try await Failure.reporting {
                let path = file == "-" ? "/dev/stdin" : file
                let judgement = try judge(path)
                if let exportOperations { try Export.write(path, to: exportOperations) }
                let report = VerifyReport(judgement, isControl: control)
                if output.json {
                    try JSON.print(report)
                } else {
                    VerifyReport.lines(judgement, control).forEach { print($0) }
                }
                try StandardOutput.flush()
                if let code = Self.code(of: report) { throw code }
            }
        }

        private func judge(_ path: String) throws -> Judgement {
            if file == "-", exportOperations != nil {
                throw FailedCommand(
                    Failure("Standard input is read only once; name a file to export from.", ExitStatus.usage))
            }
            do {
                return try HistoryJudge(rules: rules).judge(contentsOf: path)
            } catch let error as HistoryError {
                throw FailedCommand(
                    Failure("\(file) is no history: \(error).", ExitStatus.badData))
            }
        }

        private var rules: JudgeRules {
            var rules = JudgeRules()
            (rules.slack, rules.rateErrorPermille, rules.searchLimit) = (slack.duration, rateError, limit)
            if search { rules.usesTokens = false }
            return rules
        }

        private static func code(of report: VerifyReport) -> ExitCode? {
            switch Judgement.Verdict(rawValue: report.verdict) {
            case .clean: nil
            case .violated, nil: ExitStatus.violated
            case .unknown: ExitStatus.unknown
            }
        }
    }

    /// The list of operations as a file.
    private enum Export {
        static func write(_ history: String, to path: String) throws {
            let file = try OpenFile.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
            var offset = 0
            try HistoryJudge.exportOperations(of: history) { piece in
                try file.write(piece, at: offset)
                offset += piece.count
            }
        }
    }
#endif
