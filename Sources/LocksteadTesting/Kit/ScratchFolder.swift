#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif
import Lockstead

/// A temporary folder of a test's own, which goes when the last reference does.
public final class ScratchFolder: Sendable {
    private let folder: Folder

    /// Makes a folder in `TMPDIR`, or in `/tmp`.
    ///
    /// - Throws: The system's error where it cannot be made.
    public init() throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((base + "/lockstead-test-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError.last("mkdtemp", base) }
        folder = Folder(String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    deinit {
        // A folder that cannot be emptied is left to the system.
        for entry in (try? folder.entries()) ?? [] { _ = try? folder.remove(entry) }
        rmdir(folder.path)
    }

    /// Where it is.
    public var path: String { folder.path }

    /// Where a file of this name is, or would be.
    public func path(of file: String) -> String { folder.path(of: file) }
}
