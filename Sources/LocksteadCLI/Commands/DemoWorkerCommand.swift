import ArgumentParser
import Lockstead

/// `lockstead __demo-worker` — one process of the demonstration.
///
/// Started by `demo`, never by hand.
///
/// It says on standard output where it is, a line at a time, and waits for a line on standard input where it must.
struct DemoWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: DemoProcess.command, abstract: "Move coins in a ledger.", shouldDisplay: false)

    @Argument(help: "What to do.")
    var part: DemoPart
    @Option(help: "The ledger's file.")
    var ledger: String
    @Option(help: "How many coins to move.")
    var transfers: Int
    @Option(help: "The lease of each lock.")
    var lease: DurationOption
    @OptionGroup var engine: EngineOptions

    func run() async throws {
        try await Failure.reporting {
            let worker = DemoWorker(ledger: DemoLedger(path: ledger), lease: lease.duration)
            try await EngineSession.with(try engine.url()) { session in
                try DemoWorker.say("ready")
                DemoWorker.awaitGo()
                for _ in 0..<transfers { try await worker.play(part, session.client) }
                try DemoWorker.say("done")
            }
        }
    }
}
