package import LockCore

/// How a request stands in the queue of one name, and what it has to wait for.
package enum StoredStanding<Key: Hashable & Sendable>: Sendable, Hashable {
    /// It holds the lock.
    case granted
    /// Somebody is in the way: the key whose end changes that.
    case behind(Key)
    /// Permits are short: whoever of those before it leaves may change that.
    case short
    /// Its key is not there, or is another one than before: its lease has ended, or somebody removed it (R3).
    case gone
    /// The name is in use as something else.
    case mismatch(LockKind)

    /// Judges a place.
    ///
    /// - Parameters:
    ///   - key: The request's own key.
    ///   - created: The place it was given; `nil` where its key is nobody else's, ever.
    ///   - queue: Who is there.
    package init<Contender: QueuedContender>(of key: Key, created: Int64?, in queue: StoredQueue<Contender>)
    where Contender.Key == Key {
        guard
            let place = queue.contenders.firstIndex(where: {
                $0.key == key && (created == nil || $0.created == created)
            })
        else {
            self = .gone
            return
        }
        let (own, earlier) = (queue.contenders[place], queue.contenders[..<place])
        if let other = earlier.first(where: \.isOurs), other.mode.kind != own.mode.kind {
            self = .mismatch(other.mode.kind)
        } else if place < queue.holderCount {
            self = .granted
        } else {
            self = Self.blocked(own, by: earlier)
        }
    }

    /// Waits for one key alone wherever one is enough, so that a release wakes one waiter (R31).
    private static func blocked<Contender: QueuedContender>(
        _ own: Contender, by earlier: ArraySlice<Contender>
    ) -> StoredStanding where Contender.Key == Key {
        switch own.mode {
        case .exclusive: earlier.last.map { .behind($0.key) } ?? .granted
        case .shared: earlier.last { $0.mode != .shared }.map { .behind($0.key) } ?? .granted
        case .permits: .short
        }
    }
}
