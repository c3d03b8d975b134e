#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
package import Lockstead

/// A file as any careful program uses one, without asking a fence: what demonstrations and controls lose updates with.
package struct UnguardedFile: Sendable {
    private let path: String

    package init(_ path: String) { self.path = path }

    /// The contents; empty where there is no file.
    package func read() throws(SystemError) -> [UInt8] {
        let file: OpenFile
        do { file = try OpenFile.open(path, O_RDONLY) } catch {
            if error.code == ENOENT { return [] }
            throw error
        }
        return try file.read(at: 0, count: try file.status().size)
    }

    /// Replaces the contents whole, so that a reader never sees half of them; the writers of one file need different `writer`s.
    package func replace(_ contents: [UInt8], writer: Int) throws(SystemError) {
        let next = "\(path).\(writer)"
        let file = try OpenFile.open(next, O_WRONLY | O_CREAT | O_TRUNC)
        try file.write(contents, at: 0)
        guard rename(next, path) == 0 else { throw .last("rename", next) }
    }
}
