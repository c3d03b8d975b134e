#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The terminal this process was started from, and who is in its foreground.
struct Terminal: Sendable {
    private let descriptor: CInt
    private let ownGroup = getpgrp()

    /// The controlling terminal, or `nil` where there is none.
    ///
    /// It stays open as long as the process lives.
    static func controlling() -> Terminal? {
        let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        return descriptor < 0 ? nil : Terminal(descriptor: descriptor)
    }

    private init(descriptor: CInt) { self.descriptor = descriptor }

    /// Whether this process is the one that may give the terminal away.
    var isOurs: Bool { tcgetpgrp(descriptor) == ownGroup }

    /// Whether standard input and output both are a terminal: the child is meant to be talked to.
    ///
    /// In a pipeline the neighbour may want the terminal too, so there the child gets it only when it asks.
    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

    /// Makes `group` the foreground.
    ///
    /// Only with TTOU ignored, which ``SignalInbox`` users see to.
    func give(to group: pid_t) { _ = tcsetpgrp(descriptor, group) }

    /// Makes our own group the foreground again.
    func takeBack() { _ = tcsetpgrp(descriptor, ownGroup) }
}
