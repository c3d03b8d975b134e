import LockCore
import Synchronization

/// What a watch has told and its follower has not taken in yet.
final class ChangeInbox: Sendable {
    /// Beyond this a reading is cheaper than the changes.
    static let capacity = 10_000

    struct Content: Sendable {
        var changes: [LockChange] = []
        /// Changes were left out.
        var hasOverflowed = false
        /// How the watch ended, where it has.
        var end: Result<Void, any Error>?
    }

    private let content = Mutex(Content())
    /// Set whenever there is something to take; cleared by the follower.
    let news = Signal()

    func put(_ change: LockChange) {
        content.withLock { content in
            guard content.changes.count < Self.capacity else {
                content.hasOverflowed = true
                return
            }
            content.changes.append(change)
        }
        news.set()
    }

    func end(_ result: Result<Void, any Error>) {
        content.withLock { $0.end = result }
        news.set()
    }

    /// Takes everything out; the end stays.
    func take() -> Content {
        content.withLock { content in
            defer { (content.changes, content.hasOverflowed) = ([], false) }
            return content
        }
    }
}
