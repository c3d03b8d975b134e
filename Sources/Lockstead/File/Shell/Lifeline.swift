#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import LockCore
internal import Synchronization

/// One session's proof of life: a file whose kernel lock lasts until the last process that has it open is gone (RULES 27).
///
/// It also carries until when the session was renewed. So a renewal writes a few bytes, not the state; and it needs no sync, because a
/// loss of power ends the boot and with it every session.
final class Lifeline: Sendable {
    let session: SessionID
    let key: NameKey
    let lease: Duration
    private let file: OpenFile
    /// Stands in the file, so that a copy put in its place is known for one.
    private let fileNumber: UInt64
    private let own: OwnSessions

    /// Makes the file and locks it.
    ///
    /// Only under the state lock, so that nobody takes it for an orphan before its entry is written.
    init(
        session: SessionID, key: NameKey, lease: Duration, in folder: Folder, among own: OwnSessions
    ) throws(SystemError) {
        (self.session, self.key, self.lease, self.own) = (session, key, lease, own)
        let mode = try folder.fileMode()
        let path = folder.path(of: key.lifelineFile(of: session))
        file = try OpenFile.open(path, O_RDWR | O_CREAT, mode: mode)
        // The umask narrowed it; a shared folder needs it as open as itself.
        try file.setPermissions(mode)
        fileNumber = try file.status().identity.file
        guard try file.tryLock(.exclusive) else { throw SystemError(EWOULDBLOCK, "lock", path) }
    }

    deinit { own.remove(session) }

    var path: String { file.path }
    var descriptor: CInt { file.descriptor }

    /// Whether others still see the file where its name says.
    func isInPlace() throws(SystemError) -> Bool { try file.isStillAtItsPath() }

    /// Only under the state lock (shared will do): whoever judges the dead holds it alone.
    func arm(until time: ContinuousTime) throws(SystemError) {
        var writer = RecordWriter()
        writer.write(time.nanoseconds)
        writer.write(~time.nanoseconds)
        writer.write(fileNumber)
        try file.write(writer.bytes, at: 0)
        own.note(session, until: time)
    }

    /// What can be seen of a lifeline from outside, without touching it.
    ///
    /// The probe's own lock is shared, so that two probes do not take each other for a sign of life. A free lock proves a death only on
    /// the very file that was made for the session: on one that was put in its place nobody ever kept a lock.
    static func sign(of file: String, in folder: Folder) throws(SystemError) -> LifeSign {
        let path = folder.path(of: file)
        guard let probe = try openIfThere(path) else { return .missing }
        let status = try probe.status()
        guard status.isRegularFile else { return .replaced }
        let isFree = try probe.tryLock(.shared)
        let bytes = try probe.read(at: 0, count: 24)
        if isFree { return number(in: bytes) == status.identity.file ? .free : .replaced }
        return .kept(until: validity(in: bytes))
    }

    private static func openIfThere(_ path: String) throws(SystemError) -> OpenFile? {
        do { return try OpenFile.open(path, O_RDONLY | O_NONBLOCK) } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
    }

    private static func validity(in bytes: [UInt8]) -> ContinuousTime? {
        var reader = RecordReader(bytes)
        // A file that is not armed yet is short; its entry then says until when.
        guard let time = try? reader.read(Int64.self), let check = try? reader.read(Int64.self), time == ~check else {
            return nil
        }
        return ContinuousTime(nanoseconds: time)
    }

    private static func number(in bytes: [UInt8]) -> UInt64? {
        var reader = RecordReader(Array(bytes.dropFirst(16)))
        // A file that is not armed is no session's yet.
        return try? reader.read(UInt64.self)
    }

    /// Wakes whoever watches the file, that is its owner: the times of a file change, and nothing else.
    static func rouse(_ file: String, in folder: Folder) {
        // If it fails the owner's fallback timer wakes it within a second (RULES 20).
        _ = utimensat(AT_FDCWD, folder.path(of: file), nil, AT_SYMLINK_NOFOLLOW)
    }
}
