#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Which boot of the machine this is.
///
/// Readings of the continuous clock compare only within one boot, and no process outlives it.
package struct BootIdentity: Sendable, Hashable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    /// The identity the kernel drew at its start.
    package static func current() throws(SystemError) -> BootIdentity {
        #if canImport(Darwin)
            var start = timeval()
            var size = MemoryLayout<timeval>.size
            guard sysctlbyname("kern.boottime", &start, &size, nil, 0) == 0 else {
                throw .last("sysctl", "kern.boottime")
            }
            return BootIdentity(high: UInt64(start.tv_sec), low: UInt64(start.tv_usec))
        #else
            let path = "/proc/sys/kernel/random/boot_id"
            let file = try OpenFile.open(path, O_RDONLY)
            let text = String(decoding: try file.read(at: 0, count: 64), as: UTF8.self)
            let digits = text.filter(\.isHexDigit)
            guard digits.count == 32, let high = UInt64(digits.prefix(16), radix: 16),
                let low = UInt64(digits.suffix(16), radix: 16)
            else { throw SystemError(EINVAL, "read", path) }
            return BootIdentity(high: high, low: low)
        #endif
    }
}
