#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The environment this process was started with.
package enum ProcessEnvironment {
    /// The value of a variable, or `nil` where it is not set.
    package static func value(of name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
