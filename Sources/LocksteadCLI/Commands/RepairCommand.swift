import ArgumentParser
import Lockstead
import LocksteadEngines

/// `lockstead repair` — mends damaged state of the file engine.
struct RepairCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair", abstract: "Mend damaged lock state of the file engine.",
        discussion: """
            Safe while locks are in use. A state that cannot be read begins anew, with tokens above all that were given out, and \
            grants nothing while a process that may hold the lock lives, for the longest lease at most. What nobody damaged is not \
            touched. Ends with 69 if something damaged is left.
            """)

    @Flag(help: "Only tell what would be done.")
    var dryRun = false
    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Failure.reporting {
            guard let engine = try Engines.fileEngine(of: try engine.url()) else {
                throw FailedCommand(
                    Failure(
                        "Only the file engine has state to repair; name its folder with --engine.", ExitStatus.usage))
            }
            let findings = try await FileRepair(folder: engine.folder, longestLease: engine.longestLease)
                .run(mending: !dryRun)
            if output.json {
                try JSON.print(findings.map(RepairReport.init))
            } else {
                for line in Self.lines(findings, dryRun: dryRun) { print(line) }
            }
            if findings.contains(where: { $0.isDamage && !$0.isMended && !dryRun }) {
                throw ExitStatus.engineUnavailable
            }
        }
    }

    /// A line for each finding that is not as it should be, and a sum.
    static func lines(_ findings: [RepairFinding], dryRun: Bool) -> [String] {
        let notable = findings.filter { $0.kind != .good }
        let sound = findings.count - notable.count
        let lines = notable.map { finding in
            let name =
                finding.name.map { "\(Wording.printable($0.text)) (\(finding.file))" }
                ?? Wording.printable(finding.file)
            return "\(name): \(RepairReport.words(finding.kind)); \(deed(for: finding, dryRun: dryRun))."
        }
        return lines + ["\(sound) of \(findings.count) files are as they should be."]
    }

    private static func deed(for finding: RepairFinding, dryRun: Bool) -> String {
        if finding.isMended { return "mended" }
        guard finding.isMendable else { return "left alone" }
        return dryRun ? "repair would mend it" : "not mended"
    }
}

extension RepairFinding {
    /// Whether a lock does not work, or not for long, because of it.
    var isDamage: Bool {
        switch kind {
        case .oneSlotBad, .unreadable, .newerFormat, .inUse: true
        case .good, .deadOrphan, .livingOrphan, .unborn, .foreign: false
        }
    }
}

/// One finding of a repair as JSON.
struct RepairReport: Encodable, Sendable {
    let file: String
    let name: String?
    let finding: String
    let isDamage: Bool
    let isMended: Bool

    init(_ finding: RepairFinding) {
        (file, name) = (finding.file, finding.name?.text)
        (self.finding, isDamage, isMended) = (Self.words(finding.kind), finding.isDamage, finding.isMended)
    }

    static func words(_ kind: RepairFinding.Kind) -> String {
        switch kind {
        case .good: "as it should be"
        case .oneSlotBad: "one of its two copies is damaged"
        case .unreadable(let reason): "the state cannot be read: \(Wording.printable(reason))"
        case .newerFormat(let version): "written by a newer version of this program (format \(version))"
        case .deadOrphan: "the sign of life of a process that is gone"
        case .livingOrphan: "the sign of life of a process that has lost its state"
        case .unborn: "the rest of a state whose making was cut short"
        case .foreign: "no lock file"
        case .inUse: "another process keeps it busy; run repair again"
        }
    }
}
