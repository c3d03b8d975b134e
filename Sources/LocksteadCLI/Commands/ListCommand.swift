import ArgumentParser
import Lockstead

/// `lockstead ls` — lists live locks.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List the locks that are held or awaited.")

    @Argument(help: "Only locks whose names start so.", completion: NameCompletion.kind)
    var prefix = ""
    @Option(help: "The most locks to list.")
    var limit = 1_000
    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit takes a number from 1 on.") }
    }

    func run() async throws {
        try await Failure.reporting {
            let locks = try await EngineSession.with(try engine.url()) { session in
                try await session.client.list(prefix: prefix, limit: limit)
            }
            if output.json { return try JSON.print(locks.map(LockReport.init)) }
            for line in Self.table(of: locks).lines(.standardOutput) { print(line) }
        }
    }

    /// A row for each holder; a lock that is only awaited has one row as well.
    static func table(of locks: [LockDescription]) -> Table {
        var table = Table([
            .init(title: "NAME"), .init(title: "MODE"), .init(title: "HOLDER"),
            .init(title: "TOKEN", alignsRight: true),
            .init(title: "HELD", alignsRight: true), .init(title: "REMAINING", alignsRight: true),
            .init(title: "WAITERS", alignsRight: true), .init(title: "PURPOSE"),
        ])
        for lock in locks {
            let name = Wording.printable(lock.name.text)
            if lock.holders.isEmpty { table.add([name, "-", "-", "-", "-", "-", "\(lock.waiterCount)", ""]) }
            for holder in lock.holders {
                table.add([
                    name, mode(of: holder), Wording.place(holder.note), "\(holder.token)",
                    Wording.duration(holder.heldFor), holder.remaining.map(Wording.duration) ?? "-",
                    "\(lock.waiterCount)", Wording.printable(holder.note.purpose),
                ])
            }
        }
        return table
    }

    private static func mode(of holder: LockDescription.Holder) -> String {
        switch holder.phase {
        case .held: Wording.mode(holder.mode)
        case .revoked: "revoked"
        case .lockDelay: "lock-delay"
        case .minimumHold: "minimum hold"
        }
    }
}
