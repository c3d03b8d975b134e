package import LockCore

/// Whom a forced release means, over all its attempts: those who held the lock when it began, and nobody who came after them.
package struct ForcedHolders: Sendable {
    /// Whether one of them was marked, or may have been.
    package var isBegun = false
    package private(set) var revoked: [FencingToken] = []
    private var meant: Set<FencingToken>?

    package init() {}

    /// Those among the present holders who are meant.
    package mutating func meant<Contender: QueuedContender>(among holders: [Contender]) -> [Contender] {
        let meant = meant ?? Set(holders.map(\.token))
        self.meant = meant
        return holders.filter { meant.contains($0.token) }
    }

    package mutating func revoked(_ holder: some QueuedContender) {
        isBegun = true
        if !revoked.contains(holder.token) { revoked.append(holder.token) }
    }
}
