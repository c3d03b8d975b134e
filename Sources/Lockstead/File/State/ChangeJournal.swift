internal import LockCore

/// The last few things that happened to a lock, kept in its state so that `changes` misses nothing between two looks.
///
/// Bounded in number and bytes; who falls further behind misses the ones between, and the numbers tell.
package struct ChangeJournal: Sendable, Hashable {
    /// Enough for a few hand-overs between two wake-ups of a reader.
    package static let longest = 16
    /// What purposes and host names may add to every write of the state.
    package static let noteBytes = 1024

    package struct Entry: Sendable, Hashable {
        package var number: UInt64
        package var change: LockChange
    }

    package private(set) var entries: [Entry] = []
    package private(set) var nextNumber: UInt64 = 1

    package init() {}

    package init(entries: [Entry], nextNumber: UInt64) { (self.entries, self.nextNumber) = (entries, nextNumber) }

    mutating func append(_ change: LockChange) {
        entries.append(Entry(number: nextNumber, change: change))
        nextNumber &+= 1
        while entries.count > Self.longest || (entries.count > 1 && bytes > Self.noteBytes) { entries.removeFirst() }
    }

    private var bytes: Int { entries.reduce(0) { $0 + $1.change.note.byteCount } }

    /// What happened from `number` on.
    package func changes(from number: UInt64) -> [LockChange] {
        entries.filter { $0.number >= number }.map(\.change)
    }
}
