#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the file system says of a file.
package struct FileStatus: Sendable, Hashable {
    /// Two paths with the same identity are the same file.
    package struct Identity: Sendable, Hashable {
        var device: UInt64
        var file: UInt64
    }

    package var identity: Identity
    package var size: Int
    /// As `mode_t`, which is another number of bits elsewhere.
    package var mode: UInt32

    init(_ status: stat) {
        identity = Identity(device: UInt64(truncatingIfNeeded: status.st_dev), file: UInt64(status.st_ino))
        size = Int(status.st_size)
        mode = UInt32(status.st_mode)
    }

    package var isRegularFile: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFREG) }
    package var isFolder: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFDIR) }

    /// Of the path itself, not of what a symbolic link points to; `nil` where there is nothing.
    package static func of(_ path: String) throws(SystemError) -> FileStatus? {
        try read(path, AT_SYMLINK_NOFOLLOW)
    }

    /// Of what the path leads to in the end; `nil` where there is nothing.
    package static func following(_ path: String) throws(SystemError) -> FileStatus? {
        try read(path, 0)
    }

    private static func read(_ path: String, _ flags: CInt) throws(SystemError) -> FileStatus? {
        var status = stat()
        if fstatat(AT_FDCWD, path, &status, flags) == 0 { return FileStatus(status) }
        if errno == ENOENT { return nil }
        throw .last("stat", path)
    }
}
