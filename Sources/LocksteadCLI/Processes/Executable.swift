#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds the file of a command the way a shell does, so that a wrong command is told before the wait for a lock, not after it.
enum Executable: Sendable, Equatable {
    case found(String)
    /// There is such a file, and it cannot be run: a shell ends with 126.
    case notExecutable(String)
    /// There is none: a shell ends with 127.
    case notFound

    /// Where POSIX wants a search to go when there is no `PATH`.
    private static let standardPath = "/bin:/usr/bin"

    /// Looks `command` up: as a path where it has a slash, else in the folders of `path`.
    static func find(_ command: String, path: String?) -> Executable {
        guard !command.isEmpty else { return .notFound }
        if command.contains("/") { return examine(command) }
        var refused: Executable?
        for folder in (path ?? standardPath).split(separator: ":", omittingEmptySubsequences: false) {
            let candidate = (folder.isEmpty ? "." : String(folder)) + "/" + command
            switch examine(candidate) {
            case .found(let file): return .found(file)
            case .notExecutable(let file): refused = refused ?? .notExecutable(file)
            case .notFound: continue
            }
        }
        return refused ?? .notFound
    }

    private static func examine(_ file: String) -> Executable {
        var status = stat()
        guard stat(file, &status) == 0 else { return errno == EACCES ? .notExecutable(file) : .notFound }
        guard status.st_mode & S_IFMT == S_IFREG, access(file, X_OK) == 0 else { return .notExecutable(file) }
        return .found(file)
    }
}
