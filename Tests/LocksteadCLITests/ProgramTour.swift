import Foundation
import Testing

/// Something wrong with a server, that the program is to tell.
protocol ServerTrouble: Sendable {
    /// The exit code.
    var code: Int32 { get }
    /// What the message must hold.
    var words: String { get }
}

/// The program's commands on one engine.
struct ProgramTour {
    let lockstead: LocksteadProgram
    let engine: String

    /// Holds, waits, lists, inspects, watches, frees by force, examines and measures.
    func takeEveryCommand() async throws {
        let watch = try await begunWatch()
        let holder = try lockstead.start(
            ["exec", "jobs/a", "--purpose", "nightly", "--", "sh", "-c", "echo $LOCKSTEAD_TOKEN; cat"], engine: engine)
        try await holder.outputs("\n")
        let token = holder.outputSoFar.trimmingCharacters(in: .newlines)
        #expect(try await run("exec", "jobs/a", "--no-wait", "--", "true").code == 75)
        #expect(try await run("ls", "jobs/").output.contains("nightly"))
        let report = try await run("inspect", "jobs/a", "--json")
        #expect(report.code == 0 && report.output.contains("\"\(token)\""))
        let forced = try await run("force-release", "jobs/a", "--reason", "test", "--json")
        #expect(forced.output.contains("\"revoked\":[\"\(token)\"]"), "\(forced)")
        #expect(try await holder.result().code == 76)
        #expect(try await run("exec", "jobs/a", "--wait", "60s", "--", "true").code == 0)
        for event in ["granted", "revoked", "released"] { try await watch.outputs("\"\(event)\"") }
        watch.signal(SIGTERM)
        #expect(try await watch.result().code == -SIGTERM)
        let doctor = try await run("doctor")
        #expect(doctor.code == 0 && doctor.output.contains("two grants in a row had rising tokens"), "\(doctor)")
        let bench = try await run("bench", "unc1", "--window", "1s", "--warm-up", "0s", "--json")
        #expect(bench.code == 0 && bench.output.contains("\"unc"), "\(bench)")
    }

    /// What is wrong is told when a lock is asked for, and by `doctor`.
    func meet(_ trouble: some ServerTrouble) async throws {
        let result = try await run("exec", "a", "--no-wait", "--", "true")
        #expect(result.code == trouble.code, "\(result)")
        #expect(result.error.contains(trouble.words), "\(result)")
        #expect(result.output.isEmpty)
        let doctor = try await run("doctor")
        #expect(doctor.code == 69 && doctor.output.contains("failure"), "\(doctor)")
    }

    /// And by the commands that read and watch.
    func meetReading(_ trouble: some ServerTrouble) async throws {
        for command in [["ls"], ["inspect", "a"], ["watch"], ["force-release", "a", "--reason", "test"]] {
            let result = try await lockstead.start(command, engine: engine).result()
            #expect(result.code == trouble.code, "\(command): \(result)")
            #expect(result.error.contains(trouble.words), "\(command): \(result)")
        }
    }

    /// A watch of `jobs/` that has told of something: it says nothing when it begins.
    func begunWatch() async throws -> RunningProgram {
        let watch = try lockstead.start(["watch", "jobs/", "--json"], engine: engine)
        for _ in 0..<30 where watch.outputSoFar.isEmpty {
            #expect(try await run("exec", "jobs/first", "--", "true").code == 0)
        }
        try await watch.outputs("\"event\"")
        return watch
    }

    private func run(_ arguments: String...) async throws -> LocksteadProgram.Result {
        try await lockstead.start(arguments, engine: engine).result()
    }
}
