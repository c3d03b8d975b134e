import Glibc
import Lockstead
import Logging
import TestProcesses
import Testing

@Suite("Where locks cannot live", .timeLimit(.minutes(1)))
struct FileStorageTests {
    private func open(_ folder: String, longestLease: Duration = .seconds(300)) throws {
        _ = try FileBackend(
            FileEngine(folder: folder, longestLease: longestLease),
            EngineContext(logger: Logger(label: "test"), time: SystemTimeSource()))
    }

    @Test(
        "Network and user-space file systems are refused by their magic numbers (RULES 28)",
        arguments: [
            (0x6969, "NFS"), (0xFF53_4D42, "CIFS"), (0xFE53_4D42, "SMB2"), (0x517B, "SMB"), (0x0102_1997, "9p"),
            (0x6573_5546, "FUSE"), (0x00C3_6400, "Ceph"), (0x0BD0_0BD0, "Lustre"),
        ] as [(UInt32, String)])
    func networkMagics(magic: UInt32, name: String) {
        #expect(StorageJudgement.of(magic: magic) == .unsuitable(name))
    }

    @Test(
        "Local file systems are taken: ext4, xfs, btrfs, tmpfs, overlayfs, zfs, f2fs",
        arguments: [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630, 0x2FC1_2FC1, 0xF2F5_2010] as [UInt32])
    func localMagics(magic: UInt32) { #expect(StorageJudgement.of(magic: magic) == .suitable) }

    @Test("The kernel's own file systems are refused, really", arguments: ["/proc", "/sys"])
    func realFileSystems(folder: String) {
        let error = #expect(throws: LockError.self) { try open(folder) }
        #expect(error?.code == .unsuitableStorage && error?.effect == .didNotHappen)
        #expect(error?.message.contains("Name a folder on a local disk") == true)
    }

    @Test("A folder that leads through a file, does not begin at the root, or has no parent is refused with what to do")
    func impossibleFolders() throws {
        let fixture = try FileFixture()
        try OpenFile.open(fixture.folder.path(of: "file"), O_RDWR | O_CREAT).write([1], at: 0)
        #expect(#expect(throws: LockError.self) { try open(fixture.path + "/file") }?.code == .unsuitableStorage)
        #expect(#expect(throws: LockError.self) { try open(fixture.path + "/file/locks") }?.code == .unsuitableStorage)
        #expect(#expect(throws: LockError.self) { try open("locks") }?.code == .invalidOption)
        #expect(#expect(throws: LockError.self) { try open("") }?.code == .invalidOption)
        #expect(#expect(throws: LockError.self) { try open(fixture.path + "/none/locks") }?.code == .engineUnavailable)
    }

    @Test("The folder is made for its owner alone, and a default folder with its parents")
    func madeFolders() throws {
        let fixture = try FileFixture()
        try open(fixture.path + "/locks")
        #expect(try FileStatus.of(fixture.path + "/locks")?.mode == S_IFDIR | 0o700)
        let engine = try #require(FileEngine.userDefault(environment: ["XDG_STATE_HOME": fixture.path + "/a/b"]))
        _ = try LockEngine.file(engine).makeBackend(EngineContext(logger: Logger(label: "t"), time: SystemTimeSource()))
        #expect(try FileStatus.of(fixture.path + "/a/b/lockstead")?.isFolder == true)
        #expect(
            FileEngine.defaultFolder(environment: ["XDG_STATE_HOME": "relative", "HOME": "/home/x"])
                == "/home/x/.local/state/lockstead")
        #expect(FileEngine.defaultFolder(environment: [:]) == nil)
        unlink(fixture.path + "/a/b/lockstead")
        for folder in ["/a/b/lockstead", "/a/b", "/a", "/locks"] { rmdir(fixture.path + folder) }
    }

    @Test("Leases out of range are refused, at the engine and at the call")
    func leases() async throws {
        let fixture = try FileFixture()
        for lease in [Duration.zero, .seconds(-1), .seconds(86_401), .milliseconds(999)] {
            #expect(
                #expect(throws: LockError.self) { try open(fixture.path, longestLease: lease) }?.code == .invalidOption)
        }
        let backend = try fixture.backend()
        for lease in [Duration.zero, .seconds(-5), .milliseconds(999), .seconds(301), .seconds(Int64.max)] {
            let error = await #expect(throws: LockError.self) {
                _ = try await backend.acquire(try fixture.request("job", lease: lease))
            }
            #expect(error?.code == .invalidOption && error?.effect == .didNotHappen)
        }
        let patient = try fixture.backend(longestLease: .seconds(86_400))
        _ = try granted(try await patient.acquire(try fixture.request("long", lease: .seconds(86_400))))
    }

    @Test(
        "A user who may not write into the folder is told so", .enabled(if: Privilege.canDrop, "needs setpriv and root")
    )
    func unwritable() async throws {
        let fixture = try FileFixture()
        chmod(fixture.path, 0o755)
        let holder = try HolderProcess([fixture.path, "job"], through: Privilege.asNobody)
        #expect(try await holder.line(starting: "failed") == "failed permissionDenied didNotHappen")
    }

    @Test(
        "A folder open to others is shared with them: files are as open as it (RULES 28)",
        .enabled(if: Privilege.canDrop, "needs setpriv and root"))
    func sharedFolder() async throws {
        let fixture = try FileFixture()
        chmod(fixture.path, 0o777)
        let backend = try fixture.backend()
        let held = try granted(try await backend.acquire(try fixture.request("job")))
        let other = try HolderProcess([fixture.path, "job", "--wait"], through: Privilege.asNobody)
        try await fixture.awaitWaiters(1, "job", backend)
        #expect(try await backend.release(held, deadline: fixture.soon) == .released)
        #expect(try await other.token() > held.token)
        other.destroy()
        _ = try granted(try await backend.acquire(try fixture.request("job", wait: .until(fixture.soon))))
    }

    @Test(
        "A full disk refuses clearly, loses nothing, and works again when there is room",
        .enabled(if: Privilege.canMount, "needs mount and root"))
    func fullDisk() async throws {
        let fixture = try FileFixture()
        try Privilege.run("/usr/bin/mount", "-t", "tmpfs", "-o", "size=256k", "none", fixture.path)
        // A mount that stays is the system's to clean up.
        defer { _ = try? Privilege.run("/usr/bin/umount", fixture.path) }
        do {
            let backend = try fixture.backend()
            let held = try granted(try await backend.acquire(try fixture.request("held")))
            try Self.fill(fixture.path + "/filler")
            let error = await #expect(throws: LockError.self) {
                _ = try await backend.acquire(try fixture.request("new"))
            }
            #expect(error?.code == .engineUnavailable && error?.effect == .didNotHappen)
            #expect(error?.message.contains("The disk is full") == true)
            guard case .renewed? = await backend.renew([held], deadline: fixture.soon).first else {
                Issue.record("the lock that was held is lost")
                return
            }
            unlink(fixture.path + "/filler")
            let next = try granted(try await backend.acquire(try fixture.request("new")))
            #expect(try await backend.release(next, deadline: fixture.soon) == .released)
            #expect(try await backend.release(held, deadline: fixture.soon) == .released)
        }
        try Privilege.run("/usr/bin/umount", fixture.path)
    }

    /// Writes until the disk is full; the file is closed again, so that its removal makes room.
    private static func fill(_ path: String) throws {
        let filler = try OpenFile.open(path, O_RDWR | O_CREAT)
        var size = 0
        // The error is what ends it.
        while (try? filler.write([UInt8](repeating: 1, count: 4096), at: size)) != nil { size += 4096 }
    }

    @Test("A read-only file system is refused", .enabled(if: Privilege.canMount, "needs mount and root"))
    func readOnly() throws {
        let fixture = try FileFixture()
        try Privilege.run("/usr/bin/mount", "-t", "tmpfs", "-o", "ro,size=64k", "none", fixture.path)
        defer { _ = try? Privilege.run("/usr/bin/umount", fixture.path) }  // As above.
        let error = #expect(throws: LockError.self) { try open(fixture.path) }
        #expect(error?.code == .unsuitableStorage && error?.message.contains("read-only") == true)
    }
}

/// What only root can do, and whether this machine lets it.
enum Privilege {
    static let asNobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    static var canDrop: Bool { geteuid() == 0 && access("/usr/bin/setpriv", X_OK) == 0 }
    static var canMount: Bool {
        guard geteuid() == 0, let fixture = try? FileFixture() else { return false }
        let works = (try? run("/usr/bin/mount", "-t", "tmpfs", "-o", "size=64k", "none", fixture.path)) != nil
        if works { _ = try? run("/usr/bin/umount", fixture.path) }  // Tried only to learn whether it works.
        return works
    }

    static func run(_ words: String...) throws {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, words[0], nil, nil, &arguments, environ)
        guard code == 0 else { throw SystemError(code, "spawn", words[0]) }
        var status: CInt = 0
        while waitpid(child, &status, 0) == -1, errno == EINTR {}
        guard status == 0 else { throw SystemError(EIO, "run", words.joined(separator: " ")) }
    }
}
