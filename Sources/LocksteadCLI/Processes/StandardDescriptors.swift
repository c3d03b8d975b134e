#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Standard input, output and error.
enum StandardDescriptors {
    /// Opens those that our parent closed, as the null device: else the next file opened would take their place, and a child would
    /// read from or print into it.
    static func ensureOpen() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // Opens the lowest free number, which is this one: those below are open by now.
            _ = open("/dev/null", O_RDWR)
        }
    }
}
