import DequeModule
import Lockstead
import Synchronization

/// Grants whose release was asked for, and nobody knows whether it was carried out: whoever asks again must not be told that the lock had
/// been lost.
final class UnknownReleases: Sendable {
    /// Beyond these the oldest are forgotten: their leases are over by then.
    private static let most = 4_096

    private struct Entry: Hashable {
        let request: RequestID
        let token: FencingToken

        init(_ grant: Grant) { (request, token) = (grant.request, grant.token) }
    }

    private let state = Mutex((entries: Set<Entry>(), order: Deque<Entry>()))

    func add(_ grant: Grant) {
        state.withLock { state in
            guard state.entries.insert(Entry(grant)).inserted else { return }
            state.order.append(Entry(grant))
            if state.order.count > Self.most { state.entries.remove(state.order.removeFirst()) }
        }
    }

    /// - Returns: Whether it was there.
    func remove(_ grant: Grant) -> Bool {
        state.withLock { state in
            guard state.entries.remove(Entry(grant)) != nil else { return false }
            // Rare, and few: most releases are answered.
            state.order.removeAll { $0 == Entry(grant) }
            return true
        }
    }
}
