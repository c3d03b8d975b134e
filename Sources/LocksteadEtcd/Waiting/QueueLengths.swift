import Lockstead
import Synchronization

/// How many were in the queues of names when this client last came to them.
final class QueueLengths: Sendable {
    /// So few are read as quickly as they are counted.
    private static let few = 32
    /// More names than these are forgotten, and found out anew.
    private static let most = 10_000

    private let lengths = Mutex<[LockName: Int64]>([:])

    func saw(_ count: Int64, in name: LockName) {
        lengths.withLock { lengths in
            if lengths[name] == nil, lengths.count >= Self.most { lengths.removeAll() }
            lengths[name] = count
        }
    }

    /// Whether the queue is known to be short; one that was never seen is not.
    func isShort(_ name: LockName) -> Bool { lengths.withLock { $0[name].map { $0 <= Self.few } ?? false } }
}
