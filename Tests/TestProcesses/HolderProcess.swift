import Dispatch
package import Glibc
package import Lockstead
import Synchronization

/// Another process that holds a lock: see the target LocksteadTestHolder.
///
/// Killed when the last reference goes.
package final class HolderProcess: Sendable {
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

    package convenience init(_ arguments: String...) throws { try self.init(arguments) }

    /// Starts a holder.
    ///
    /// - Parameters:
    ///   - arguments: What it is told.
    ///   - wrapper: A program that runs it, such as one that drops privileges.
    /// - Throws: `SystemError` where it cannot be started.
    package init(_ arguments: [String], through wrapper: [String] = []) throws {
        (processID, input, lines) = try Self.spawning.withLock { _ in try Self.spawn(arguments, wrapper) }
    }

    private static func spawn(_ arguments: [String], _ wrapper: [String]) throws -> (pid_t, CInt, LineReader) {
        let (toChild, fromChild) = (try Self.pipe(), try Self.pipe())
        let path = try Self.executable()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild.read, 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild.write, 1)
        var words: [UnsafeMutablePointer<CChar>?] = (wrapper + [path] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, wrapper.first ?? path, &actions, nil, &words, environ)
        close(toChild.read)
        close(fromChild.write)
        guard code == 0 else { throw SystemError(code, "spawn", path) }
        return (child, toChild.write, LineReader(fromChild.read))
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

    /// The next line that begins with `start`, whatever comes before.
    package func line(starting start: String, within limit: Duration = .seconds(20)) async throws -> String {
        while true {
            let line = try await line(within: limit)
            if line.hasPrefix(start) { return line }
        }
    }

    /// The token it says it holds.
    package func token() async throws -> FencingToken {
        let line = try await line(starting: "held ")
        guard let token = FencingToken(String(line.dropFirst(5))) else { throw Silence(description: line) }
        return token
    }

    package func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
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

    /// Built beside the test bundle, wherever that is.
    private static func executable() throws -> String {
        let candidates = CommandLine.arguments + [own]
        for candidate in candidates where candidate.contains("/") {
            var folder = candidate[...]
            while let slash = folder.lastIndex(of: "/") {
                folder = folder[..<slash]
                let path = folder + "/LocksteadTestHolder"
                if access(String(path), X_OK) == 0 { return String(path) }
                if !folder.contains(".build") { break }
            }
        }
        throw Silence(description: "LocksteadTestHolder is not built beside \(candidates)")
    }

    private static var own: String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}

/// Reads lines from a descriptor, on a thread of its own, for one task that waits for them.
private final class LineReader: Sendable {
    private struct State {
        var lines: [String] = []
        var isOver = false
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)
    private let waiting = DispatchQueue(label: "lines.waiting")

    init(_ descriptor: CInt) {
        DispatchQueue(label: "lines.reading").async { [self] in
            var text: [UInt8] = []
            var byte: UInt8 = 0
            while read(descriptor, &byte, 1) == 1 {
                if byte != UInt8(ascii: "\n") {
                    text.append(byte)
                    continue
                }
                let line = String(decoding: text, as: UTF8.self)
                state.withLock { $0.lines.append(line) }
                text = []
                signal.signal()
            }
            close(descriptor)
            state.withLock { $0.isOver = true }
            signal.signal()
        }
    }

    func next(within limit: Duration) async throws -> String {
        let milliseconds =
            Int(limit.components.seconds) * 1000 + Int(limit.components.attoseconds / 1_000_000_000_000_000)
        let isThere = await withCheckedContinuation { continuation in
            waiting.async {
                continuation.resume(
                    returning: self.signal.wait(timeout: .now() + .milliseconds(milliseconds)) == .success)
            }
        }
        guard isThere else { throw HolderProcess.Silence(description: "nothing said within \(limit)") }
        let line = state.withLock { $0.lines.isEmpty ? nil : $0.lines.removeFirst() }
        guard let line else {
            signal.signal()
            throw HolderProcess.Silence(description: "it ended")
        }
        return line
    }
}
