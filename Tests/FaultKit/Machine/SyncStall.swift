import Foundation
import Glibc
import Lockstead
import TestProcesses
import TestServers

/// Syncs of a running program that do not return, as on a disk that has stalled: `strace` holds each where it enters the system.
///
/// What a program of Go syncs no preloaded library sees. Ends with ``end()``, or with the last reference: what was held is synced then.
final class SyncStall: Sendable {
    private let tracer: ChildProcess
    private let log: String

    /// Stalls from now on.
    ///
    /// - Parameters:
    ///   - process: Whose syncs.
    ///   - file: Those of this file; all unless given.
    ///   - log: Where to note what was held.
    /// - Throws: `Obstacle` where there is no `strace`, or it may not trace.
    init(of process: pid_t, file: String? = nil, log: String) async throws {
        self.log = log
        guard ServerProcess.path(of: "strace") != nil else { throw Obstacle("there is no strace to stall syncs with") }
        // What it complains of when its program dies under its hands belongs to the run, not on our own screen.
        var words = ["-c", "exec strace \"$@\" 2>>\"$0\"", log + ".errors"]
        words += ["-f", "-qq", "-p", "\(process)", "-o", log, "-e", "trace=fsync,fdatasync"]
        // Longer than any run.
        words += ["-e", "inject=fsync,fdatasync:delay_enter=1000s"]
        if let file { words += ["-P", file] }
        tracer = try ChildProcess("sh", words)
        try await awaitHold(of: process)
    }

    private func awaitHold(of process: pid_t) async throws {
        let time = SystemTimeSource()
        let deadline = time.now.advanced(by: .seconds(10))
        while time.now < deadline, tracer.ending() == nil {
            if Self.isHeld(process, by: tracer.processID) { return }
            // Nothing tells but the system's own table.
            try await time.sleep(until: time.now.advanced(by: .milliseconds(5)))
        }
        throw Obstacle("strace does not get hold of process \(process)")
    }

    /// Whether each of a process's threads is traced.
    private static func isHeld(_ process: pid_t, by tracer: pid_t) -> Bool {
        let tasks = "/proc/\(process)/task"
        // A thread that is gone meanwhile syncs nothing.
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
        return !threads.isEmpty
            && threads.allSatisfy { thread in
                guard let status = FileManager.default.contents(atPath: "\(tasks)/\(thread)/status") else {
                    return true
                }
                return String(decoding: status, as: UTF8.self).contains("TracerPid:\t\(tracer)\n")
            }
    }

    /// Lets the syncs return.
    func end() async {
        tracer.signal(SIGTERM)
        if await tracer.ended(within: .seconds(5)) == nil { abandon() }
    }

    /// Lets go of a program that is dying.
    func abandon() { tracer.destroy() }

    /// How many syncs were held; told once it has ended.
    var heldCount: Int {
        let text = FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").count { $0.contains("sync(") }
    }
}
