#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import Lockstead

/// The two files of a fenced file.
///
/// Blocking; each operation answers `nil` where another process is at work.
struct FencedStore: Sendable {
    private let folder: Folder
    private let file: String
    private let lineage: Lineage

    init(path: String, lineage: Lineage) {
        let slash = path.lastIndex(of: "/")
        folder = Folder(slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ".")
        file = slash.map { String(path[path.index(after: $0)...]) } ?? path
        self.lineage = lineage
    }

    private var fenceFile: String { file + ".fence" }
    /// Only whoever holds the fence's lock writes it, so one name is enough, and what a crash leaves is overwritten.
    private var nextFile: String { file + ".next" }

    func read(_ token: FencingToken) throws(GuardError) -> [UInt8]? {
        try underFence { (held) throws(GuardError) in
            try admit(token, &held)
            do throws(SystemError) { return try contents() } catch { throw .storage(error) }
        }
    }

    func write(_ token: FencingToken, _ contents: [UInt8]) throws(GuardError) -> Void? {
        try underFence { (held) throws(GuardError) in
            try admit(token, &held)
            do throws(SystemError) { try replace(contents) } catch { throw .storage(error, effect: .mayHaveHappened) }
        }
    }

    func register(_ successor: Lineage) throws(GuardError) -> Void? {
        try underFence { (held) throws(GuardError) in
            held.fence.register(successor: successor)
            try save(&held)
        }
    }

    func fence() throws(GuardError) -> Fence? {
        try underFence { (held) throws(GuardError) in held.fence }
    }

    private struct Held {
        var file: OpenFile
        var slots: SlotFile
        var fence: Fence
    }

    private func admit(_ token: FencingToken, _ held: inout Held) throws(GuardError) {
        if try held.fence.admit(token, of: lineage) { try save(&held) }
    }

    private func save(_ held: inout Held) throws(GuardError) {
        do throws(SystemError) {
            try held.slots.write(held.fence.encoded, to: held.file)
            try held.file.synchronize()
        } catch {
            throw .storage(error)
        }
    }

    /// Runs `body` alone on this host.
    private func underFence<Value>(_ body: (inout Held) throws(GuardError) -> Value) throws(GuardError) -> Value? {
        let (file, slots): (OpenFile, SlotFile)
        do throws(SystemError) {
            file = try openFence()
            guard try file.tryLock(.exclusive) else { return nil }
            // Somebody replaced the file while we opened it: begin anew.
            guard try file.isStillAtItsPath() else { return nil }
            slots = try SlotFile(reading: file)
        } catch {
            throw .storage(error)
        }
        defer { file.unlock() }
        guard let record = slots.latest?.body, let fence = try? Fence(decoding: record) else {
            throw GuardError(
                .corrupt,
                "\(folder.path(of: fenceFile)) cannot be read, so the tokens seen are unknown. Remove it only when no holder of an older token lives."
            )
        }
        var held = Held(file: file, slots: slots, fence: fence)
        return try body(&held)
    }

    private func openFence() throws(SystemError) -> OpenFile {
        let path = folder.path(of: fenceFile)
        do { return try OpenFile.open(path, O_RDWR) } catch {
            guard error.code == ENOENT else { throw error }
        }
        var generator = SystemRandomNumberGenerator()
        try SlotFile.create(
            fenceFile, in: folder, throughUnborn: "\(fenceFile).\(SessionID.random(using: &generator))",
            body: Fence(lineage: lineage).encoded)
        return try OpenFile.open(path, O_RDWR)
    }

    private func contents() throws(SystemError) -> [UInt8] {
        let opened: OpenFile
        do { opened = try OpenFile.open(folder.path(of: file), O_RDONLY) } catch {
            if error.code == ENOENT { return [] }
            throw error
        }
        return try opened.read(at: 0, count: try opened.status().size)
    }

    private func replace(_ contents: [UInt8]) throws(SystemError) {
        let status = try FileStatus.of(folder.path(of: file))
        // A link would be replaced, not what it leads to, by a file with the link's mode: open to everybody.
        if let status, !status.isRegularFile { throw SystemError(EINVAL, "replace", folder.path(of: file)) }
        let present = status?.mode
        let usual = try folder.fileMode()
        let next = try OpenFile.open(folder.path(of: nextFile), O_RDWR | O_CREAT | O_TRUNC, mode: 0o600)
        try next.setPermissions((present ?? usual) & 0o7777)
        try next.write(contents, at: 0)
        try next.synchronize()
        guard rename(next.path, folder.path(of: file)) == 0 else { throw .last("rename", next.path) }
        try folder.synchronize()
    }
}
