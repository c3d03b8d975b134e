import Foundation
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// The built program, run as real processes against a file engine in a temporary folder.
final class LocksteadProgram: Sendable {
    /// The engine's folder, gone with this object.
    let folder: String

    init() throws {
        var template = Array((NSTemporaryDirectory() + "/lockstead-cli-XXXXXX").utf8CString)
        folder = String(cString: try #require(mkdtemp(&template)))
    }

    deinit {
        // A folder that is left behind in the temporary folder harms nobody, and a test has already ended by now.
        try? FileManager.default.removeItem(atPath: folder)
    }

    var engineURL: String { "file://\(folder)/locks" }

    /// The program stands beside the test bundle.
    static let program: String = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        let beside = URL(fileURLWithPath: bundle).deletingLastPathComponent()
        return beside.appendingPathComponent("lockstead").path
    }()

    /// What a run came to.
    struct Result: Sendable {
        let output: String
        let error: String
        /// The exit code, or the negative number of the signal that ended it.
        let code: Int32
    }

    /// Starts the program; it is ended, if it is still there, when the returned object goes.
    func start(
        _ arguments: [String], input: String? = nil, environment: [String: String] = [:], engine: String? = nil
    ) throws -> RunningProgram {
        var all = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("LOCKSTEAD_") }
        all["LOCKSTEAD_ENGINE"] = engine ?? engineURL
        all.merge(environment) { $1 }
        return try RunningProgram(Self.program, arguments, environment: all, input: input)
    }

    /// Runs the program to its end.
    func run(
        _ arguments: String..., input: String? = nil, environment: [String: String] = [:], engine: String? = nil
    ) async throws -> Result {
        try await start(arguments, input: input, environment: environment, engine: engine).result()
    }
}

/// A started program whose output is collected while it runs.
final class RunningProgram: Sendable {
    private let process = Process()
    private let output: OutputCollector
    private let error: OutputCollector
    private let stdin: Pipe
    private let end: AsyncStream<Int32>

    init(_ program: String, _ arguments: [String], environment: [String: String], input: String?) throws {
        let (end, continuation) = AsyncStream.makeStream(of: Int32.self)
        self.end = end
        (stdin, output, error) = try Self.alone.withLock { [process] _ in
            try Self.launch(process, program, arguments, environment, continuation)
        }
        if let input { write(input) }
        if input != nil { closeInput() }
    }

    /// One start at a time: between the making of a pipe and the mark that closes it in other programs, no other program may
    /// start.
    ///
    /// One that inherited an end would keep the pipe open, and whoever reads it would wait for an end that does not come.
    static let alone = Mutex(())

    private static func launch(
        _ process: Process, _ program: String, _ arguments: [String], _ environment: [String: String],
        _ continuation: AsyncStream<Int32>.Continuation
    ) throws -> (Pipe, OutputCollector, OutputCollector) {
        let (input, out, err) = (Pipe(), Pipe(), Pipe())
        for pipe in [input, out, err] {
            for end in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
                _ = fcntl(end.fileDescriptor, F_SETFD, FD_CLOEXEC)
            }
        }
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment
        process.standardOutput = out
        process.standardError = err
        process.standardInput = input
        process.terminationHandler = { process in
            let status = process.terminationStatus
            continuation.yield(process.terminationReason == .uncaughtSignal ? -status : status)
            continuation.finish()
        }
        try process.run()
        return (input, OutputCollector(out.fileHandleForReading), OutputCollector(err.fileHandleForReading))
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    var processID: pid_t { process.processIdentifier }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    func write(_ text: String) { stdin.fileHandleForWriting.write(Data(text.utf8)) }

    func closeInput() {
        // Closed twice is closed.
        try? stdin.fileHandleForWriting.close()
    }

    /// Waits until standard output holds `text`.
    func outputs(_ text: String, within patience: Duration = .seconds(20)) async throws {
        try await output.wait(for: text, within: patience)
    }

    /// Waits until standard error holds `text`.
    func complains(_ text: String, within patience: Duration = .seconds(20)) async throws {
        try await error.wait(for: text, within: patience)
    }

    var outputSoFar: String { output.text }

    /// Waits for the end; a program that hangs is killed, and the test fails by its code.
    func result(within patience: Duration = .seconds(30)) async throws -> LocksteadProgram.Result {
        let processID = process.processIdentifier
        let code = await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Cancelled when the program ends in time.
                guard (try? await Task.sleep(for: patience)) != nil else { return }
                kill(processID, SIGKILL)
            }
            defer { group.cancelAll() }
            for await code in end { return code }
            return Int32.min
        }
        try await output.wait(until: { $1 }, within: .seconds(20))
        try await error.wait(until: { $1 }, within: .seconds(20))
        return LocksteadProgram.Result(output: output.text, error: error.text, code: code)
    }
}
