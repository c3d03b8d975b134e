package import Glibc
package import Lockstead

/// Another process that holds a lock: see the target LocksteadTestHolder.
///
/// Killed when the last reference goes.
package final class HolderProcess: Sendable {
    private let child: ChildProcess

    package typealias Silence = ChildProcess.Silence

    package var processID: pid_t { child.processID }

    package convenience init(_ arguments: String...) throws { try self.init(arguments) }

    /// Starts a holder.
    ///
    /// - Parameters:
    ///   - arguments: What it is told.
    ///   - wrapper: A program that runs it, such as one that drops privileges.
    /// - Throws: `SystemError` where it cannot be started.
    package init(_ arguments: [String], through wrapper: [String] = []) throws {
        let words = wrapper + [try ChildProcess.built("LocksteadTestHolder")] + arguments
        child = try ChildProcess(words[0], Array(words.dropFirst()))
    }

    /// The next line it says.
    package func line(within limit: Duration = .seconds(20)) async throws -> String {
        try await child.line(within: limit)
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

    package func say(_ line: String) { child.say(line) }

    package func signal(_ number: CInt) { child.signal(number) }

    /// Kills it and waits until it is gone.
    package func destroy() { child.destroy() }
}
