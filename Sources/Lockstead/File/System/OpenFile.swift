#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// An open file: closed when the last reference goes.
///
/// All calls are plain system calls, so they block; keep them off the cooperative pool.
package final class OpenFile: Sendable {
    package let descriptor: CInt
    package let path: String

    private init(descriptor: CInt, path: String) { (self.descriptor, self.path) = (descriptor, path) }

    deinit { _ = close(descriptor) }

    /// Opens a file.
    ///
    /// Close-on-exec and never through a symbolic link (RULES 28), whatever the caller asks for.
    package static func open(_ path: String, _ flags: CInt, mode: UInt32 = 0o600) throws(SystemError) -> OpenFile {
        let descriptor = retrying { openat(AT_FDCWD, path, flags | O_CLOEXEC | O_NOFOLLOW, mode_t(mode)) }
        guard descriptor >= 0 else { throw .last("open", path) }
        return OpenFile(descriptor: descriptor, path: path)
    }

    /// Up to `count` bytes from `offset`; fewer at the end of the file.
    package func read(at offset: Int, count: Int) throws(SystemError) -> [UInt8] {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let step = retrying { pread(descriptor, rest.baseAddress, rest.count, off_t(offset + filled)) }
                if step < 0 { failed = true }
                guard step > 0 else { return }
                filled += step
            }
        }
        if failed { throw .last("read", path) }
        return bytes
    }

    /// Writes all bytes at `offset`, or throws with some prefix of them written.
    package func write(_ bytes: [UInt8], at offset: Int) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let step = bytes.withUnsafeBytes { buffer in
                let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
                return retrying { pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done)) }
            }
            guard step > 0 else { throw .last("write", path) }
            done += step
        }
    }

    /// Returns once the contents, and what is needed to find them, are on the disk.
    package func synchronize() throws(SystemError) {
        #if canImport(Darwin)
            // Darwin's fsync leaves the data in the drive's cache.
            let result = retrying { fcntl(descriptor, F_FULLFSYNC) }
        #else
            let result = retrying { fdatasync(descriptor) }
        #endif
        guard result == 0 else { throw .last("sync", path) }
    }

    package enum LockMode: Sendable { case shared, exclusive }

    /// Takes the kernel's lock of the whole file without waiting; false where someone else has it.
    package func tryLock(_ mode: LockMode) throws(SystemError) -> Bool {
        let operation = (mode == .shared ? LOCK_SH : LOCK_EX) | LOCK_NB
        if retrying({ flock(descriptor, operation) }) == 0 { return true }
        if errno == EWOULDBLOCK { return false }
        throw .last("lock", path)
    }

    /// Gives the kernel's lock back at once, even where a child process shares the descriptor for the moment before its exec.
    package func unlock() { _ = flock(descriptor, LOCK_UN) }

    package func status() throws(SystemError) -> FileStatus {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last("stat", path) }
        return FileStatus(status)
    }

    package func setPermissions(_ mode: UInt32) throws(SystemError) {
        guard fchmod(descriptor, mode_t(mode)) == 0 else { throw .last("chmod", path) }
    }

    /// Whether the path still leads to this very file: it was neither unlinked nor renamed nor replaced.
    package func isStillAtItsPath() throws(SystemError) -> Bool {
        guard let there = try FileStatus.of(path) else { return false }
        return there.identity == (try status()).identity
    }
}

/// Repeats a call that a signal interrupted.
func retrying<Result: FixedWidthInteger & SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}
