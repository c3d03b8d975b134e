import ArgumentParser

/// `lockstead demo` — shows with real processes what locks and fencing tokens are for.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Show with real processes what locks and fencing tokens are for.",
        discussion: "Works in a temporary folder of its own. Ends with 0 only if all came out as it should.")

    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Failure.reporting {
            let stage = try DemoStage()
            defer { stage.clear() }
            let demo = Demo(stage: stage) { line in
                guard !output.json else { return }
                print(line)
                // What could not be written is told at the end, by the exit code.
                try? StandardOutput.flush()
            }
            let result = try demo.run()
            if output.json { try JSON.print(result) }
            guard result.isConvincing else {
                throw FailedCommand(
                    Failure("The demonstration did not come out as it should: \(result).", ExitStatus.internalFailure))
            }
        }
    }
}
