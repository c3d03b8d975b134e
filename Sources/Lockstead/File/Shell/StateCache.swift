internal import Synchronization

/// The states this process read or wrote last, so that what nobody changed since is not decoded again.
///
/// Found by the head of the slot: the same file, sequence number and checksum are the same state.
final class StateCache: Sendable {
    /// States beyond so many are forgotten, all at once: a process that uses more names at a time decodes more.
    private static let limit = 1_024

    struct Entry: Sendable {
        var file: FileStatus.Identity
        var record: SlotFile.Record
        var state: NameState
    }

    private let entries = Mutex<[NameKey: Entry]>([:])

    func entry(for key: NameKey, in file: FileStatus.Identity) -> Entry? {
        entries.withLock { entries in entries[key].flatMap { $0.file == file ? $0 : nil } }
    }

    func keep(_ entry: Entry, for key: NameKey) {
        entries.withLock { entries in
            if entries.count >= Self.limit, entries[key] == nil { entries = [:] }
            entries[key] = entry
        }
    }

    func drop(_ key: NameKey) {
        entries.withLock { $0[key] = nil }
    }
}
