import LockCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What every holder of this process says of itself.
enum ProcessNote {
    static func make(host: String?) -> HolderNote { HolderNote(host: host ?? hostName(), processID: getpid()) }

    /// The machine's name, or nothing where the system does not tell.
    private static func hostName() -> String {
        // Linux allows 64 bytes, POSIX 255; the last byte stays zero.
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
