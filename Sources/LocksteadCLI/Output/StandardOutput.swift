import Lockstead
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Standard output beyond `print`.
enum StandardOutput {
    /// Why something could not be written; 0 while everything could.
    private static let failure = Atomic<Int32>(0)

    /// Hands over what `print` has buffered: a reader of a stream wants each line when it happens, and half an answer must not look
    /// like a whole one.
    ///
    /// - Throws: `SystemError` where not everything since the start could be written, as on a full disk.
    static func flush() throws(SystemError) {
        if fflush(nil) != 0 { failure.store(errno, ordering: .relaxed) }
        let code = failure.load(ordering: .relaxed)
        guard code == 0 else { throw SystemError(code, "write", "standard output") }
    }
}
