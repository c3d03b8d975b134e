import Foundation
import Glibc
import Lockstead
import LocksteadTesting
import TestProcesses

/// A worker as its runner sees it: told what to do, and listened to.
final class WorkerProcess: Sendable {
    let options: WorkerOptions
    private let child: ChildProcess
    private let said: Watched<[String]>

    struct Silence: Error, CustomStringConvertible {
        let description: String
    }

    init(_ options: WorkerOptions, program: String, launcher: [String] = [], environment: [String: String]) throws {
        let said = Watched<[String]>([])
        (self.options, self.said) = (options, said)
        let words = String(decoding: try JSONEncoder().encode(options), as: UTF8.self)
        let command = launcher + [program, "work", words]
        child = try ChildProcess(command[0], Array(command.dropFirst()), environment: environment) { line in
            said.update { $0.append(line) }
        }
    }

    func say(_ line: String) { child.say(line) }

    /// The first line that begins so, said at any time.
    func hear(_ start: String, within limit: Duration = .seconds(20)) async throws -> String {
        try await hear(oneOf: [start], within: limit)
    }

    func hear(oneOf starts: [String], within limit: Duration = .seconds(20)) async throws -> String {
        let isMatch: @Sendable (String) -> Bool = { line in starts.contains { line.hasPrefix($0) } }
        _ = await said.until(within: limit) { $0.contains(where: isMatch) }
        if let line = said.value.first(where: isMatch) { return line }
        throw Silence(
            description:
                "worker \(options.number) did not say \(starts.joined(separator: " or ")) within \(limit); its last words: \(said.value.suffix(3))"
        )
    }

    /// Whether it has said a line that begins so.
    func hasSaid(_ start: String) -> Bool { said.value.contains { $0.hasPrefix(start) } }

    /// What it complained of.
    var complaints: [String] { said.value.filter { $0.hasPrefix("failed") } }

    /// Forgets what it said: the same words again will be new ones.
    func forget() { said.update { $0.removeAll { !$0.hasPrefix("failed") } } }

    func resume() { child.signal(SIGCONT) }

    /// Stops it, and returns when none of its threads runs any more.
    func pause() async throws {
        child.signal(SIGSTOP)
        let time = SystemTimeSource()
        for _ in 0..<2_000 {
            if isStopped { return }
            // Nobody is told of this but by asking.
            try await time.sleep(until: time.now.advanced(by: .milliseconds(1)))
        }
        throw Silence(description: "worker \(options.number) does not stop")
    }

    private var isStopped: Bool {
        let tasks = "/proc/\(child.processID)/task"
        // A thread that is gone meanwhile does not run either.
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
        return threads.allSatisfy { thread in
            guard let status = FileManager.default.contents(atPath: "\(tasks)/\(thread)/stat") else { return true }
            let text = String(decoding: status, as: UTF8.self)
            return text[(text.lastIndex(of: ")") ?? text.startIndex)...].hasPrefix(") T")
        }
    }

    private let killed = Watched(false)
    var isKilled: Bool { killed.value }

    func kill() {
        killed.update { $0 = true }
        child.destroy()
    }

    /// Ends it in good order; in bad, if it does not follow.
    ///
    /// - Returns: What was wrong with its end; `nil` for a good one.
    func end() async -> String? {
        child.say("stop")
        switch await child.ended(within: .seconds(15)) {
        case 0?: return nil
        case let code?: return "ended with \(code)"
        case nil:
            child.destroy()
            return "did not end within 15 s of being told to"
        }
    }
}
