import ArgumentParser
import FaultKit
import Foundation
import Lockstead

/// What `dev/faults` runs.
struct FaultsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev/faults",
        abstract: "Bring real faults to an engine, and judge what its clients lived through.",
        discussion: """
            Ends with 0 if each fault did what it is expected to do under each setting, with 1 if one did not, and with 69 if none was \
            run. What is skipped is told, and is not passed.
            """)

    @Argument(help: "Such as file, redis, redis-sentinel, redis-cluster, redlock, etcd or valkey.")
    var engine: String

    @Argument(help: "Such as G1 or F-R1; or all.")
    var fault: String

    @Option(help: "Only settings whose names contain this.")
    var mode: String?

    @Option(help: "The lease of the workers, in seconds; the engine's usual one for these runs if not given.")
    var lease: Int?

    @Option(help: "For how many seconds the network is bad (F-G6).")
    var duration = 20

    @Option(help: "Keep histories, ledgers and logs in this folder.")
    var keep: String?

    @Option(help: "Expect this of each run instead, holds or forgets, to see that the verdict is another.")
    var expect: String?

    @Flag(help: "Print one JSON value instead of lines.")
    var json = false

    func run() async throws {
        // A worker that was killed hears no more; that is no reason to end.
        signal(SIGPIPE, SIG_IGN)
        var reports: [FaultReport] = []
        for (kind, fault, mode) in try plan() {
            let report = try await report(kind, fault, mode)
            if !json { say(report.inWords) }
            reports.append(report)
        }
        if json { say(try FaultReport.json(reports)) }
        if reports.contains(where: { $0.verdict == .violated }) { throw ExitCode(1) }
        if reports.allSatisfy({ $0.verdict == .skipped }) { throw ExitCode(69) }
    }

    private func plan() throws -> [(any EngineKind, FaultID, FaultMode)] {
        guard let kind = FaultEngines.named(engine) else {
            throw unknown("engine", engine, FaultEngines.names)
        }
        guard let faults = fault == "all" ? kind.faults : FaultID(fault).map({ [$0] }) else {
            throw unknown("fault", fault, kind.faults.map(\.text))
        }
        let plan = try faults.flatMap { fault in try kind.modes(of: fault).map { (kind, fault, try expected($0)) } }
        return plan.filter { mode == nil || $0.2.name.contains(mode ?? "") }
    }

    private func expected(_ mode: FaultMode) throws -> FaultMode {
        guard let expect else { return mode }
        guard let expectation = Expectation(rawValue: expect) else {
            throw unknown("expectation", expect, ["holds", "forgets"])
        }
        return FaultMode(mode.name, expectation)
    }

    private func unknown(_ what: String, _ name: String, _ known: [String]) -> ValidationError {
        ValidationError("no \(what) is called \(name); there are \(known.joined(separator: ", "))")
    }

    private func report(_ kind: any EngineKind, _ fault: FaultID, _ mode: FaultMode) async throws -> FaultReport {
        let base = keep.map { URL(fileURLWithPath: $0) } ?? FileManager.default.temporaryDirectory
        let name = "lockstead-fault-\(fault.rawValue)-\(mode.name.filter(\.isLetter))-\(UUID().uuidString.prefix(8))"
        let folder = base.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var setting = StageSetting(folder: folder.path, program: program)
        setting.lease = lease.map { .seconds($0) }
        setting.patience = .seconds(duration)
        let report = await FaultRun(kind, fault, mode, setting).report()
        if keep == nil { try FileManager.default.removeItem(at: folder) }
        return report
    }

    private func say(_ text: String) {
        print(text)
        fflush(nil)
    }
}
