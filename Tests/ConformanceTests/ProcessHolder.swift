import Foundation
import Lockstead
import LocksteadTesting
import TestProcesses

/// A holder that is a process of LocksteadTestHolder.
struct ProcessHolder: ConformanceHolder {
    let process: HolderProcess
    let token: FencingToken

    func kill() { process.destroy() }
    func pause() { process.signal(SIGSTOP) }
    func resume() { process.signal(SIGCONT) }
    func cut() async throws { try await ask("cut", answer: "cut") }
    func mend() async throws { try await ask("mend", answer: "mend") }
    func release() async throws { try await ask("release", answer: "released") }

    func isHeld() async throws -> Bool {
        process.say("state")
        return try await process.line(starting: "state ") == "state held"
    }

    func believesUntil() async throws -> ContinuousTime? {
        process.say("until")
        let words = try await process.line(starting: "until ").split(separator: " ")
        return words.last.flatMap { Int64($0) }.map { ContinuousTime(nanoseconds: $0) }
    }

    func waitForLoss() async throws -> ContinuousTime {
        let words = try await process.line(starting: "lost ").split(separator: " ")
        guard words.count > 1, let nanoseconds = Int64(words[1]) else {
            throw HolderProcess.Silence(description: words.joined(separator: " "))
        }
        return ContinuousTime(nanoseconds: nanoseconds)
    }

    private func ask(_ question: String, answer: String) async throws {
        process.say(question)
        let line = try await process.line()
        guard line == answer else { throw HolderProcess.Silence(description: "asked \(question), it said \(line)") }
    }
}
