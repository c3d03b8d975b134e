#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The time of day, for people; leases never see it.
enum WallClock {
    /// Local time, `14:03:07`.
    static func timeOfDay() -> String { format("%H:%M:%S") { localtime_r(&$0, &$1) != nil } }

    /// UTC as ISO 8601 wants it, `2026-01-31T13:03:07Z`.
    static func timestamp() -> String { format("%Y-%m-%dT%H:%M:%SZ") { gmtime_r(&$0, &$1) != nil } }

    private static func format(_ pattern: String, _ split: (inout time_t, inout tm) -> Bool) -> String {
        var now = time(nil)
        var parts = tm()
        guard split(&now, &parts) else { return "\(now)" }
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, pattern, &parts)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension String {
    /// Followed by blanks up to `width` characters.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
