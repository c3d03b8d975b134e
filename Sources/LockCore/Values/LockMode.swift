/// How a grant excludes others.
public enum LockMode: Sendable, Hashable {
    /// Alone: no other grant of the name at the same time.
    case exclusive
    /// Beside other shared grants, never beside an exclusive one: a read lock.
    case shared
    /// `count` of the `limit` permits of a counting semaphore.
    case permits(count: Int, limit: Int)

    /// The kind of lock the mode belongs to.
    ///
    /// A live name has one kind.
    public var kind: LockKind {
        switch self {
        case .exclusive, .shared: .readWrite
        case .permits(_, let limit): .semaphore(limit: limit)
        }
    }

    /// The most permits a semaphore may have.
    public static let maximumPermits = 1_000_000
}

/// What a name is while anyone holds or awaits it.
///
/// Exclusive and shared grants are two sides of one read/write lock.
public enum LockKind: Sendable, Hashable {
    /// Exclusive and shared grants.
    case readWrite
    /// A counting semaphore with so many permits.
    case semaphore(limit: Int)
}

extension LockMode: CustomStringConvertible {
    /// `exclusive`, `shared`, or `permits 2 of 4`.
    public var description: String {
        switch self {
        case .exclusive: "exclusive"
        case .shared: "shared"
        case .permits(let count, let limit): "permits \(count) of \(limit)"
        }
    }
}

/// In which order the waiters of a lock are served.
public enum Fairness: String, Sendable, Hashable, CaseIterable {
    /// In arrival order.
    case fair
    /// Takes a free lock at once unless a fair waiter is queued: more throughput, no promise of order.
    case barging
}

/// Whether the owner of a grant may take the same name again.
public enum Reentry: String, Sendable, Hashable, CaseIterable {
    /// Counted, under the same token.
    case allowed
    /// Refused with ``LockError/Code/reentryRefused``.
    case refused
}
