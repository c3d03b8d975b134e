import ArgumentParser
import Lockstead

/// `lockstead watch` — tells what happens to locks, as it happens.
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Tell what happens to locks as it happens, until interrupted.",
        discussion: "With --json, one JSON object per line.")

    @Argument(help: "Only locks whose names start so.", completion: NameCompletion.kind)
    var prefix = ""
    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Failure.reporting {
            try await EngineSession.with(try engine.url()) { session in
                for try await change in session.client.changes(prefix: prefix) {
                    if output.json { try JSON.print(ChangeReport(change)) } else { try Self.show(change) }
                }
            }
        }
    }

    private static func show(_ change: LockChange) throws {
        let style = Style.standardOutput
        let word = change.kind.rawValue.padded(to: 10)
        let token = change.token.map { " token \($0)" } ?? ""
        let purpose = change.note.purpose.isEmpty ? "" : " for \"\(Wording.printable(change.note.purpose))\""
        print(
            "\(WallClock.timeOfDay())  \(style.paint(word, colour(of: change.kind)))  \(Wording.printable(change.name.text))  "
                + "\(Wording.mode(change.mode))\(token), \(Wording.place(change.note))\(purpose)")
        try StandardOutput.flush()
    }

    private static func colour(of kind: LockChange.Kind) -> Style.Colour {
        switch kind {
        case .granted, .downgraded: .green
        case .released, .registerChanged: .dim
        case .expired, .revoked: .red
        case .queued, .waitEnded: .yellow
        }
    }
}

/// One change as JSON.
struct ChangeReport: Encodable, Sendable {
    let at: String
    let name: String
    let event: String
    let token: String?
    let owner: String
    let mode: String
    let permits: Int?
    let note: NoteReport

    init(_ change: LockChange) {
        at = WallClock.timestamp()
        (name, event, token) = (change.name.text, change.kind.rawValue, change.token.map { "\($0)" })
        owner = "\(change.owner)"
        (mode, permits) = ModeReport.parts(of: change.mode)
        note = NoteReport(change.note)
    }
}
