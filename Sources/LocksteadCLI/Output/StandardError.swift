#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where everything goes that is not the answer to the question asked.
enum StandardError {
    /// Prints one message as this program's own.
    ///
    /// It may quote names and reasons that others chose, so nothing in it reaches the terminal as a command.
    static func say(_ message: String) { print("lockstead: " + Wording.printable(message)) }

    /// Prints text as it is, followed by the end of the line, in one write: other processes print there too.
    static func print(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
