import Dispatch
package import Glibc
import Lockstead
import Synchronization

/// Another program, with pipes to its standard input and output.
///
/// Killed when the last reference goes.
package final class ChildProcess: Sendable {
    package let processID: pid_t
    private let input: CInt
    private let lines: LineReader
    private let isReaped = Mutex(false)

    package struct Silence: Error, CustomStringConvertible {
        package var description: String
        package init(description: String) { self.description = description }
    }

    /// One at a time: between making a pipe and marking it close-on-exec, no other child may be born.
    private static let spawning = Mutex(())

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - path: Where it is; without a slash, what the search path has.
    ///   - arguments: What it is told.
    ///   - environment: What it finds in its environment beside all that is in ours.
    ///   - each: Is told each line of its standard output as it comes, on a thread of its own.
    /// - Throws: `SystemError` where it cannot be started.
    package init(
        _ path: String, _ arguments: [String], environment: [String: String] = [:],
        each: (@Sendable (String) -> Void)? = nil
    ) throws {
        (processID, input, lines) = try Self.spawning.withLock { _ in
            try Self.spawn(path, arguments, environment, each)
        }
    }

    private static func spawn(
        _ path: String, _ arguments: [String], _ environment: [String: String], _ each: (@Sendable (String) -> Void)?
    ) throws -> (pid_t, CInt, LineReader) {
        let (toChild, fromChild) = (try pipe(), try pipe())
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild.read, 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild.write, 1)
        var words = ([path] + arguments).map { strdup($0) } + [nil]
        var settings = (environment.map { "\($0.key)=\($0.value)" } + inherited(without: environment)).map {
            strdup($0)
        }
        settings.append(nil)
        defer { (words + settings).forEach { free($0) } }
        var child: pid_t = 0
        let code = posix_spawnp(&child, path, &actions, nil, &words, &settings)
        close(toChild.read)
        close(fromChild.write)
        guard code == 0 else { throw SystemError(code, "spawn", path) }
        return (child, toChild.write, LineReader(fromChild.read, each))
    }

    private static func inherited(without names: [String: String]) -> [String] {
        var (result, place) = ([String](), environ)
        while let entry = place.pointee {
            let text = String(cString: entry)
            if names[String(text.prefix { $0 != "=" })] == nil { result.append(text) }
            place += 1
        }
        return result
    }

    deinit {
        if !isReaped.withLock({ $0 }) {
            kill(processID, SIGKILL)
            reap()
        }
        close(input)
    }

    /// The next line it says.
    package func line(within limit: Duration = .seconds(20)) async throws -> String {
        try await lines.next(within: limit)
    }

    package func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        // One that is gone hears nothing; the signal that this would be our end is ignored by whoever expects that.
        _ = write(input, bytes, bytes.count)
    }

    package func signal(_ number: CInt) { kill(processID, number) }

    /// Kills it and waits until it is gone.
    package func destroy() {
        // The id of a process that is gone may be another's by now.
        guard !isReaped.withLock({ $0 }) else { return }
        signal(SIGKILL)
        reap()
    }

    /// Whether it has ended by now, and if so how: its exit code, or the number of the signal that killed it above 128.
    package func ending() -> CInt? {
        isReaped.withLock { isReaped in
            var status: CInt = 0
            guard !isReaped, waitpid(processID, &status, WNOHANG) == processID else { return nil }
            isReaped = true
            return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        }
    }

    private func reap() {
        var status: CInt = 0
        while waitpid(processID, &status, 0) == -1, errno == EINTR {}
        isReaped.withLock { $0 = true }
    }

    private static func pipe() throws -> (read: CInt, write: CInt) {
        var ends: [CInt] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw SystemError.last("pipe", "") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// The path of the program that runs this.
    package static var ownProgram: String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    /// A program of this package, built beside the one that runs, wherever that is.
    package static func built(_ name: String) throws -> String {
        let candidates = CommandLine.arguments + [ownProgram]
        for candidate in candidates where candidate.contains("/") {
            var folder = candidate[...]
            while let slash = folder.lastIndex(of: "/") {
                folder = folder[..<slash]
                let path = folder + "/" + name
                if access(String(path), X_OK) == 0 { return String(path) }
                if !folder.contains(".build") { break }
            }
        }
        throw Silence(description: "\(name) is not built beside \(candidates)")
    }
}
