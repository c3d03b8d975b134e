import Lockstead
import LocksteadEngines

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The command of one `exec`, about to start in its guard's process group.
struct ExecChild {
    let request: ExecRequest
    let time: any TimeSource
    let group: pid_t
    let lifeline: CInt?
    let defaultSignals: [CInt]

    /// The file of a command.
    static func program(_ command: String) throws(ExecFailure) -> String {
        switch Executable.find(command, path: ProcessEnvironment.value(of: "PATH")) {
        case .found(let file): return file
        case .notExecutable(let file): throw .commandNotExecutable(file, "permission denied")
        case .notFound: throw .commandNotFound(command)
        }
    }

    /// Starts it.
    ///
    /// - Returns: Its process id.
    /// - Throws: `ExecFailure` where it is no program, where the guard is gone, or where the lock is lost again; else `SystemError`.
    func start(_ lock: HeldLock) throws -> pid_t {
        let file = try Self.program(request.command[0])
        guard lock.lease.isHeld else { throw ExecFailure.lostBeforeStart(request.name) }
        var spawn = Spawn(
            path: file, arguments: request.command,
            environment: ChildEnvironment.inheriting(setting: variables(for: lock.lease)), group: group,
            inherited: lifeline.map { [$0] } ?? [], defaultSignals: defaultSignals)
        var result = attempt(spawn)
        if case .failure(let failure) = result, failure.code == ENOEXEC {
            // A script without its first line: the shell runs it, as execvp would have it.
            (spawn.path, spawn.arguments) = ("/bin/sh", ["sh", file] + request.command.dropFirst())
            result = attempt(spawn)
        }
        return try result.mapError { Self.meaning(of: $0, file) }.get()
    }

    private func attempt(_ spawn: Spawn) -> Result<pid_t, SystemError> {
        do { return .success(try spawn.start()) } catch { return .failure(error) }
    }

    /// What a failed start means: the guard's group is gone, or the file is no program.
    private static func meaning(of failure: SystemError, _ file: String) -> any Error {
        switch failure.code {
        case EPERM, ESRCH: ExecFailure.guardDied
        case ENOENT: ExecFailure.commandNotFound(file)
        case EACCES, ENOEXEC, ENOTDIR, EISDIR, ELOOP, ETXTBSY: ExecFailure.commandNotExecutable(file, failure.reason)
        default: failure
        }
    }

    private func variables(for lease: Lease) -> [(name: String, value: String)] {
        [
            ("LOCKSTEAD_NAME", request.name.text), ("LOCKSTEAD_TOKEN", "\(lease.token)"),
            ("LOCKSTEAD_ENGINE", request.engineURL), ("LOCKSTEAD_DEADLINE", deadline(of: lease)),
        ]
    }

    /// Whole seconds since 1970 at which the lease ends unless it is renewed, to compare with `date +%s`; empty where it cannot end.
    private func deadline(of lease: Lease) -> String {
        guard let validUntil = lease.validUntil else { return "" }
        let left = time.now.duration(to: validUntil)
        return "\((Duration.nanoseconds(time.wallClockNanoseconds) + left).components.seconds)"
    }
}
