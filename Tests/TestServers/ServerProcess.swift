package import Foundation
import Glibc
import Synchronization

/// A server of a test's own: started in a folder of its own, killed by its process id when the last reference goes.
package final class ServerProcess: Sendable {
    package let folder: URL
    private let process: Mutex<Process?>
    private let pausing = Mutex(false)
    private let executable: URL
    private let arguments: [String]

    /// Where an executable of this name, or at this path, is installed, or `nil`.
    package static func path(of name: String) -> URL? {
        let folders = name.hasPrefix("/") ? ["/"] : ["/usr/bin", "/usr/local/bin", "/usr/sbin"]
        return folders.map { URL(fileURLWithPath: $0).appendingPathComponent(name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - name: Its name, or its path; it must be installed.
    ///   - folder: Its working folder, removed at the end.
    ///   - arguments: What it is told.
    ///   - launcher: The command that starts it, where it does not run here.
    /// - Throws: `ServerError` where it is not installed.
    package init(_ name: String, in folder: URL, _ arguments: [String], launcher: [String] = []) throws {
        let words = launcher + [name]
        guard let executable = Self.path(of: words[0]), Self.path(of: name) != nil else {
            throw ServerError("\(name) is not installed; dev/setup installs it")
        }
        (self.folder, self.executable, self.arguments) = (folder, executable, words.dropFirst() + arguments)
        process = Mutex(nil)
        try start()
    }

    deinit {
        kill()
        // The folder is in the temporary one: what cannot be removed here goes with that.
        try? FileManager.default.removeItem(at: folder)
    }

    /// Starts the program again after ``kill()``.
    package func start() throws {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let log = folder.appendingPathComponent("log").path
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process.standardOutput = FileHandle(forWritingAtPath: log)
        process.standardError = process.standardOutput
        process.standardInput = FileHandle.nullDevice
        try process.run()
        pausing.withLock { $0 = false }
        self.process.withLock { $0 = process }
    }

    /// The number of the process that runs; `nil` where none does.
    package var processID: pid_t? { process.withLock { $0.flatMap { $0.isRunning ? $0.processIdentifier : nil } } }

    /// Whether it is held in its steps.
    package var isPaused: Bool { pausing.withLock { $0 } }

    /// Whether it runs, and is not held in its steps.
    package var isGoing: Bool { process.withLock { $0?.isRunning ?? false } && !isPaused }

    /// Ends it without a chance to tidy up.
    package func kill() {
        guard let process = process.withLock({ $0.take() }), process.isRunning else { return }
        // A stopped process takes no other signal.
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Holds it in its steps (SIGSTOP).
    package func pause() {
        pausing.withLock { $0 = true }
        signal(SIGSTOP)
    }

    /// Lets it go on (SIGCONT).
    package func resume() {
        signal(SIGCONT)
        pausing.withLock { $0 = false }
    }

    private func signal(_ number: CInt) {
        process.withLock { process in
            if let process, process.isRunning { _ = Glibc.kill(process.processIdentifier, number) }
        }
    }

    /// What it has printed.
    package var log: String {
        // A log that cannot be read is as good as none.
        (try? String(contentsOf: folder.appendingPathComponent("log"), encoding: .utf8)) ?? ""
    }

    /// A fresh temporary folder.
    package static func makeFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lockstead-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }
}
