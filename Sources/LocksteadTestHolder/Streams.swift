#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import Dispatch
internal import Lockstead

extension TestHolder {
    /// One line, written in one piece.
    static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        // A reader that went away is the test's end.
        _ = write(1, bytes, bytes.count)
    }

    /// The lines of standard input, until it ends.
    static func lines() -> AsyncStream<String> {
        AsyncStream { continuation in
            DispatchQueue(label: "input").async {
                while let line = readLine() { continuation.yield(line) }
                continuation.finish()
            }
        }
    }

    /// Takes the kernel lock of the state file and keeps it until standard input ends.
    static func jam(_ options: Options) throws {
        let key = NameKey(options.name)
        let file = try OpenFile.open(Folder(options.folder).path(of: key.stateFile), O_RDWR)
        guard try file.tryLock(.exclusive) else { return say("busy") }
        say("jammed")
        while readLine() != nil {}
        file.unlock()
    }

    /// Starts a process that does nothing but keep a descriptor open.
    func spawnSleeper(keeping descriptor: CInt?) throws -> pid_t {
        guard let descriptor else { throw Usage("the grant has no lifeline") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // A descriptor that is duplicated loses its close-on-exec.
        posix_spawn_file_actions_adddup2(&actions, descriptor, 9)
        // The test's pipes must end with this process.
        posix_spawn_file_actions_addclose(&actions, 1)
        var child: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("3600"), nil]
        defer { arguments.forEach { free($0) } }
        let code = posix_spawn(&child, "/bin/sleep", &actions, nil, &arguments, environ)
        guard code == 0 else { throw SystemError(code, "spawn", "/bin/sleep") }
        return child
    }
}
