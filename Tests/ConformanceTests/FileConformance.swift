import Foundation
import Lockstead
import LocksteadTesting
import Logging
import Synchronization
import TestProcesses

/// The file engine, in a folder of its own for each store; its holders are real processes.
struct FileConformance: ConformanceFixture {
    let engine = "file"

    func makeStore() async throws -> any ConformanceStore { try Store() }

    private final class Store: ConformanceStore {
        private let folder: URL
        private let holders = Mutex<[HolderProcess]>([])

        init() throws {
            folder = FileManager.default.temporaryDirectory.appendingPathComponent("lockstead-\(UUID().uuidString)")
            let forOwner: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: forOwner)
        }

        func makeBackend() async throws -> any LockBackend {
            try LockEngine.file(folder.path).makeBackend(
                EngineContext(logger: Logger(label: "conformance"), time: SystemTimeSource()))
        }

        func spawnHolder(of name: LockName, lease: Duration) async throws -> any ConformanceHolder {
            let milliseconds = Int64(lease / .milliseconds(1))
            let process = try HolderProcess(folder.path, name.text, "--client", "--lease=\(milliseconds)")
            holders.withLock { $0.append(process) }
            return Holder(process: process, token: try await process.token())
        }

        func close() async {
            for holder in holders.withLock({ $0 }) { holder.destroy() }
            // A folder that stays behind in the temporary folder harms no one.
            try? FileManager.default.removeItem(at: folder)
        }
    }

    private struct Holder: ConformanceHolder {
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
}
