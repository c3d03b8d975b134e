package import LockCore

/// Who is in the queue of a name, in the order of their places.
package struct StoredQueue<Contender: QueuedContender>: Sendable, Hashable {
    package var contenders: [Contender] = []

    package init(_ contenders: [Contender]) { self.contenders = contenders.sorted { $0.precedes($1) } }

    /// How many at the front hold the lock.
    package var holderCount: Int { contenders.lazy.map(\.mode).holderCount }

    package var holders: ArraySlice<Contender> { contenders.prefix(holderCount) }
    package var waiters: ArraySlice<Contender> { contenders.dropFirst(holderCount) }

    /// What the name is in use as; `nil` where nobody is there.
    package var kind: LockKind? { contenders.first?.mode.kind }

    /// Whether somebody is there who will be refused.
    package var hasSeveralKinds: Bool { Set(contenders.lazy.filter(\.isOurs).map(\.mode.kind)).count > 1 }

    /// Whether one more at the end would hold the lock at once.
    package func admits(_ mode: LockMode) -> Bool {
        (contenders.map(\.mode) + [mode]).holderCount == contenders.count + 1
    }
}

extension Sequence where Element == LockMode {
    /// How many at the front of a queue hold the lock.
    ///
    /// The one rule of the queue: readers until a writer, permits while there are any, else one. None is overtaken (RULES 14).
    fileprivate var holderCount: Int {
        switch first(where: { _ in true }) {
        case nil: 0
        case .exclusive: 1
        case .shared: prefix { $0 == .shared }.count
        case .permits(_, let limit): permitHolders(of: limit)
        }
    }

    private func permitHolders(of limit: Int) -> Int {
        var (free, count) = (limit, 0)
        for mode in self {
            // None passes one that has to wait.
            guard case .permits(let wanted, limit) = mode, wanted <= free else { break }
            (free, count) = (free - wanted, count + 1)
        }
        return count
    }
}
