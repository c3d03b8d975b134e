// `environ` is a variable of C that nothing in this program writes to.
#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    @preconcurrency import Darwin
#endif

/// The environment for a child: our own, byte for byte, with some variables set.
enum ChildEnvironment {
    /// Our own variables, and these in place of those of the same name.
    static func inheriting(setting variables: [(name: String, value: String)]) -> [[UInt8]] {
        let prefixes = variables.map { Array("\($0.name)=".utf8) }
        let kept = own().filter { entry in !prefixes.contains { entry.starts(with: $0) } }
        return kept + variables.map { Array("\($0.name)=\($0.value)".utf8) }
    }

    private static func own() -> [[UInt8]] {
        var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = environ
        var entries: [[UInt8]] = []
        while let text = entry.pointee {
            entries.append(UnsafeBufferPointer(start: text, count: strlen(text)).map { UInt8(bitPattern: $0) })
            entry += 1
        }
        return entries
    }
}
