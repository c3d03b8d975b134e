#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A folder of lock files.
package struct Folder: Sendable, Hashable {
    package let path: String

    package init(_ path: String) {
        var trimmed = Substring(path)
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        self.path = String(trimmed)
    }

    package func path(of file: String) -> String { path == "/" ? "/" + file : path + "/" + file }

    /// Makes the folder, for its owner alone; its parents too where asked for.
    ///
    /// Does nothing where it exists.
    package func create(withParents: Bool) throws(SystemError) {
        if mkdir(path, 0o700) == 0 { return }
        switch errno {
        case EEXIST: return
        case ENOENT where withParents:
            guard let parent else { throw .last("mkdir", path) }
            try parent.create(withParents: true)
            try create(withParents: false)
        default: throw .last("mkdir", path)
        }
    }

    private var parent: Folder? {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return nil }
        return Folder(String(path[..<slash]))
    }

    /// The permissions of files in it: they are as open as their folder, so that a folder shared by a group carries shared locks.
    package func fileMode() throws(SystemError) -> UInt32 {
        guard let status = try FileStatus.following(path) else { throw SystemError(ENOENT, "stat", path) }
        return status.mode & 0o666 | 0o600
    }

    /// Makes the folder's own entries durable: a new file survives a loss of power only after this.
    package func synchronize() throws(SystemError) {
        let descriptor = retrying { openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_DIRECTORY) }
        guard descriptor >= 0 else { throw .last("open", path) }
        defer { _ = close(descriptor) }
        guard retrying({ fsync(descriptor) }) == 0 else { throw .last("sync", path) }
    }

    /// The names of the entries in it, in no order.
    package func entries() throws(SystemError) -> [String] {
        guard let stream = opendir(path) else { throw .last("list", path) }
        defer { _ = closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) { names.append(Self.name(of: entry)) }
        guard errno == 0 else { throw .last("list", path) }
        return names.filter { $0 != "." && $0 != ".." }
    }

    private static func name(of entry: UnsafeMutablePointer<dirent>) -> String {
        withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// Removes a file; true where there was one.
    @discardableResult
    package func remove(_ file: String) throws(SystemError) -> Bool {
        if unlink(path(of: file)) == 0 { return true }
        if errno == ENOENT { return false }
        throw .last("unlink", path(of: file))
    }

    /// Whether this user may make files in it.
    package var isWritable: Bool { access(path, R_OK | W_OK | X_OK) == 0 }
}
