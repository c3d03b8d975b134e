import Foundation
import Testing

/// Ours and other libraries' clients on one lock of a real server, for a few seconds; `dev/show/04-interop` does the same for longer.
@Suite(
    "Locks shared with other libraries", .serialized, .timeLimit(.minutes(3)),
    .enabled(if: OtherLibraries.areRequired, "dev/setup installs redis-server and the other libraries"))
struct InteropTests {
    private struct Report: Decodable {
        struct Side: Decodable {
            let clients: Int
            let grants: Int
            let least: Int
        }
        let overlaps: Int
        let offences: Int
        let failures: Int
        let errors: [String]
        let ours: Side
        let theirs: Side
        let recorded: [String: Int]
    }

    private func meet(_ arguments: String...) async throws -> (code: Int32, report: Report) {
        let script = OtherLibraries.root.appending(path: "dev/interop").path
        let program = try RunningProgram(
            "/usr/bin/env", ["python3", script, "--lockstead", LocksteadProgram.program] + arguments,
            environment: ProcessInfo.processInfo.environment, input: nil)
        let result = try await program.result(within: .seconds(90))
        let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
        return (result.code, report)
    }

    @Test(
        "Three of theirs and three of ours: nobody meets anybody, both sides get it, and nobody ends another's grant",
        arguments: ["redis-py", "raw"])
    func excluded(_ peer: String) async throws {
        // Without a pause theirs take their own locks again at once, and ours, told of no release, may have no luck for seconds.
        let (code, report) = try await meet(peer, "3", "--ours", "3", "--theirs", "3", "--think-ms", "50")
        #expect(code == 0 && report.overlaps == 0 && report.offences == 0, "\(report)")
        #expect(report.failures == 0 && report.errors.isEmpty, "\(report)")
        #expect(report.ours.grants >= 1 && report.theirs.grants >= 1, "\(report)")
        // The server saw each side hold the one key.
        #expect((report.recorded["ours"] ?? 0) >= report.ours.grants, "\(report)")
        #expect((report.recorded["theirs"] ?? 0) >= report.theirs.grants, "\(report)")
    }

    @Test("python-redis-lock is kept out under the key it takes, and keeps us out")
    func otherLayout() async throws {
        let (code, report) = try await meet(
            "python-redis-lock", "3", "--ours", "2", "--theirs", "2", "--think-ms", "50")
        #expect(code == 0 && report.overlaps == 0 && report.offences == 0, "\(report)")
        #expect((report.recorded["theirs"] ?? 0) > 0 && report.ours.least >= 1, "\(report)")
    }

    @Test("Two locks instead of one are noticed")
    func control() async throws {
        let (code, report) = try await meet("raw", "2", "--ours", "2", "--theirs", "2", "--apart")
        #expect(code == 1 && report.overlaps > 0, "\(report)")
    }
}

private enum OtherLibraries {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Where they are installed; always in CI, where their absence is a failure.
    static var areRequired: Bool {
        let files = FileManager.default
        return ProcessInfo.processInfo.environment["CI"] != nil
            || files.isExecutableFile(atPath: "/usr/bin/redis-server")
                && files.fileExists(atPath: root.appending(path: ".build/peers/installed").path)
    }
}
