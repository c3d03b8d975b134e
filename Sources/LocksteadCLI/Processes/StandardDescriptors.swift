#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Standard input, output and error.
enum StandardDescriptors {
    /// Those that our parent closed, whoever has them now.
    ///
    /// The runtime opens files of its own before any of our code runs, and takes the lowest free numbers for them; it marks them
    /// close-on-exec, which no descriptor that was handed to us can be.
    static let closedByParent = Set(
        (STDIN_FILENO...STDERR_FILENO).filter { number in
            let flags = fcntl(number, F_GETFD)
            return flags < 0 || flags & FD_CLOEXEC != 0
        })

    /// Opens those that our parent closed, as the null device: else the next file opened would take their place, and a child would
    /// read from or print into it.
    static func ensureOpen() {
        // Told apart now: what is opened below looks like the parent's.
        _ = closedByParent
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // Opens the lowest free number, which is this one: those below are open by now.
            _ = open("/dev/null", O_RDWR)
        }
    }
}
