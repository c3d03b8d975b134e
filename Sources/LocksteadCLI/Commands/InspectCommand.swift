import ArgumentParser
import Lockstead

/// `lockstead inspect` — shows one lock.
struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show who holds a lock, and who waits for it.")

    @Argument(help: "The lock's name.", completion: NameCompletion.kind)
    var name: String
    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Failure.reporting {
            let name = try LockName(name)
            let lock = try await EngineSession.with(try engine.url()) { try await $0.client.inspect(name) }
            if output.json { return try JSON.print(lock.map(LockReport.init) ?? LockReport(free: name)) }
            for line in Self.lines(name, lock, .standardOutput) { print(line) }
        }
    }

    static func lines(_ name: LockName, _ lock: LockDescription?, _ style: Style) -> [String] {
        let title = style.paint(Wording.printable(name.text), .bold)
        guard let lock else { return ["\(title) is free: nobody holds or awaits it."] }
        var lines = ["\(title) (\(kind(of: lock)))"]
        for holder in lock.holders { lines += describe(holder) }
        if lock.waiterCount > 0 { lines.append("  \(lock.waiterCount) waiting, the next first:") }
        for waiter in lock.waiters { lines.append("    " + describe(waiter)) }
        if lock.waiterCount > lock.waiters.count {
            lines.append("    and \(lock.waiterCount - lock.waiters.count) more")
        }
        return lines
    }

    private static func kind(of lock: LockDescription) -> String {
        switch lock.kind {
        case .readWrite: "read/write lock"
        case .semaphore(let limit): "semaphore of \(limit)"
        }
    }

    private static func describe(_ holder: LockDescription.Holder) -> [String] {
        let left = holder.remaining.map { ", ends in \(Wording.duration($0)) unless renewed" } ?? ""
        return [
            "  \(Wording.holder(holder))",
            "    \(Wording.mode(holder.mode)), token \(holder.token), owner \(holder.owner)\(left)",
        ]
    }

    private static func describe(_ waiter: LockDescription.Waiter) -> String {
        let purpose = waiter.note.purpose.isEmpty ? "" : " for \"\(Wording.printable(waiter.note.purpose))\""
        return
            "\(Wording.place(waiter.note)), \(Wording.mode(waiter.mode)), for \(Wording.duration(waiter.waitedFor))\(purpose)"
    }
}
