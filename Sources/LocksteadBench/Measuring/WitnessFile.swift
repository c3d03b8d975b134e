package import Lockstead

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that whoever is inside makes and removes, and that nobody else may find there.
///
/// So clients of several programs, which share no memory, watch each other.
package struct WitnessFile: Sendable {
    private let path: String

    /// - Throws: `LockError` with the code `invalidOption` where no file can be made there.
    package init(path: String) throws(LockError) {
        self.path = path
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        guard access(folder, W_OK) == 0 else {
            throw LockError(
                .invalidOption, "No file can be made in \(folder); name one in a folder that you may write to.",
                effect: .didNotHappen)
        }
    }

    /// - Returns: Whether it was made: nobody else was inside.
    func make() -> Bool {
        let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }

    /// - Returns: Whether it was there: nobody else has left.
    func remove() -> Bool { unlink(path) == 0 }
}
