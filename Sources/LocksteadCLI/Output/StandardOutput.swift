#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Standard output beyond `print`.
enum StandardOutput {
    /// Hands over what `print` has buffered: a reader of a stream wants each line when it happens.
    static func flush() { fflush(nil) }
}
