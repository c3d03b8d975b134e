import Foundation
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// A terminal of our own with one session on it, as a person would have it.
final class PseudoTerminal: Sendable {
    private let master: CInt
    private let output: OutputCollector
    private let handle: FileHandle
    let leader: pid_t
    /// `POSIX_SPAWN_SETSID` of glibc and musl, which Swift does not see: it stands behind a feature macro.
    private static let newSession: Int16 = 0x80

    /// Starts `arguments` as the leader of a new session that has the terminal.
    init(_ arguments: [String], environment: [String: String]) throws {
        (master, leader) = try RunningProgram.alone.withLock { _ in
            var (master, slave): (CInt, CInt) = (-1, -1)
            var name = [CChar](repeating: 0, count: 128)
            try #require(openpty(&master, &slave, &name, nil, nil) == 0)
            _ = fcntl(master, F_SETFD, FD_CLOEXEC)
            defer { close(slave) }
            return (master, try Self.spawn(arguments, environment, terminal: name))
        }
        handle = FileHandle(fileDescriptor: master, closeOnDealloc: true)
        output = OutputCollector(handle)
    }

    deinit {
        kill(leader, SIGKILL)
        var status: CInt = 0
        waitpid(leader, &status, 0)
    }

    /// Types text.
    func type(_ text: String) { handle.write(Data(text.utf8)) }

    /// The process group that may read from it: the master of a pair tells that of its terminal.
    var foreground: pid_t { tcgetpgrp(master) }

    /// Waits until a process group is the foreground.
    ///
    /// The kernel tells nobody, so this looks again and again.
    func awaitForeground(_ group: pid_t) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while foreground != group {
            try #require(ContinuousClock.now < deadline, "group \(group) never came to the foreground")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// What it has shown so far.
    var text: String { output.text }

    /// Waits until the terminal shows `text`.
    func shows(_ text: String) async throws { try await output.wait(for: text, within: .seconds(20)) }

    /// A session leader that opens a terminal has it as its controlling one, with itself in the foreground.
    private static func spawn(
        _ arguments: [String], _ environment: [String: String], terminal: [CChar]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Self.newSession | Int16(POSIX_SPAWN_SETSIGMASK))
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for string in argv + envp { free(string) } }
        var process = pid_t()
        try #require(posix_spawn(&process, arguments[0], &actions, &attributes, argv, envp) == 0)
        return process
    }
}
