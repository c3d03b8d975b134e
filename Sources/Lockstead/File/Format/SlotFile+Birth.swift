#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

extension SlotFile {
    /// Makes a slot file with its first record; does nothing where another process was faster.
    ///
    /// It is written and synced under another name and then linked, so that it has a good slot from its first moment on: a crash while it is
    /// made leaves no damaged file. The folder is synced too, or a loss of power would take the file with what it remembers. The kernel's
    /// lock on the unborn file tells `repair` that its maker lives.
    package static func create(
        _ file: String, in folder: Folder, throughUnborn unborn: String, body: [UInt8]
    ) throws(SystemError) {
        let mode = try folder.fileMode()
        let made = try OpenFile.open(folder.path(of: unborn), O_RDWR | O_CREAT | O_EXCL, mode: mode)
        defer {
            // An orphan of this kind is harmless, and `repair` removes it.
            _ = try? folder.remove(unborn)
            made.unlock()
        }
        _ = try made.tryLock(.exclusive)
        // The umask narrowed it; a shared folder needs it as open as itself.
        try made.setPermissions(mode)
        var slots = try SlotFile(reading: made)
        try slots.write(body, to: made)
        try made.synchronize()
        guard link(made.path, folder.path(of: file)) == 0 else {
            if errno == EEXIST { return }
            throw .last("link", folder.path(of: file))
        }
        try folder.synchronize()
    }
}
