#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A system call that failed: which, on what, and the system's reason.
package struct SystemError: Error, Sendable, Hashable {
    package var code: Int32
    package var operation: String
    package var path: String

    package init(_ code: Int32, _ operation: String, _ path: String) {
        (self.code, self.operation, self.path) = (code, operation, path)
    }

    /// Takes the reason from `errno`; call it at once after the failed call.
    package static func last(_ operation: String, _ path: String) -> SystemError {
        SystemError(errno, operation, path)
    }
}

extension SystemError: CustomStringConvertible {
    /// Such as `open /run/locks/x: Permission denied`.
    package var description: String { "\(operation) \(path): \(reason)" }

    package var reason: String {
        // `strerror_r` has two signatures; the table behind `strerror` is constant for known codes, and we only copy from it.
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text)
    }
}

extension SystemError {
    /// The error as a user of the file engine sees it, saying what to do.
    package func lockError(effect: LockError.Effect = .didNotHappen) -> LockError {
        let (kind, advice) = judged
        return LockError(kind, "\(self). \(advice)", effect: effect, cause: self)
    }

    private var judged: (LockError.Code, String) {
        switch code {
        case EACCES, EPERM:
            (.permissionDenied, "Give this user read and write access to the lock folder, or name another.")
        case EROFS: (.unsuitableStorage, "The file system is read-only; name a lock folder on a writable one.")
        case ENOSPC, EDQUOT: (.engineUnavailable, "The disk is full; free some space and ask again. No lock was lost.")
        case EMFILE, ENFILE: (.limitExceeded, "Raise the limit of open files (ulimit -n); each held lock needs one.")
        case ELOOP: (.unsuitableStorage, "A lock file is a symbolic link, which is never followed; remove it.")
        case ENOTDIR: (.unsuitableStorage, "The lock folder's path leads through a file; name a folder.")
        case ENOENT: (.engineUnavailable, "The lock folder is gone; create it again or name another.")
        case EIO: (.engineUnavailable, "The disk reports errors; move the lock folder to a sound one.")
        default: (.engineUnavailable, "Check the lock folder and its file system.")
        }
    }
}
