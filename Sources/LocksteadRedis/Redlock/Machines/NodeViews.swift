import Lockstead

/// Puts together what single nodes say of one lock.
struct NodeViews: Sendable, Hashable {
    let quorum: Quorum
    /// How many nodes said nothing: they may have the lock as well.
    let silent: Int

    /// The lock as a majority has it; `nil` where none does and nobody waits.
    func merged(_ name: LockName, _ views: [LockDescription]) -> LockDescription? {
        let waiters = waiters(views)
        let holder = holder(views)
        guard holder != nil || !waiters.isEmpty else { return nil }
        return LockDescription(
            name: name, kind: .readWrite, holders: holder.map { [$0] } ?? [], waiters: waiters,
            waiterCount: max(waiters.count, views.map(\.waiterCount).max() ?? 0))
    }

    private struct Standing: Hashable {
        let owner: OwnerID
        let phase: LockDescription.Holder.Phase
    }

    /// Who has a majority, as far as the silent nodes let us tell: with the token and the time that most nodes would name.
    private func holder(_ views: [LockDescription]) -> LockDescription.Holder? {
        let byOwner = Dictionary(grouping: views.flatMap(\.holders), by: \.owner)
        let most = byOwner.values.max { $0.count < $1.count } ?? []
        guard most.count + silent >= quorum.majority else { return nil }
        let standings = Dictionary(grouping: most) { Standing(owner: $0.owner, phase: $0.phase) }
        let standing = standings.values.max { $0.count < $1.count } ?? []
        // A node on which the token was not raised names none.
        return standing.max { $0.token < $1.token }
    }

    private func waiters(_ views: [LockDescription]) -> [LockDescription.Waiter] {
        var seen: Set<OwnerID> = []
        var waiters: [LockDescription.Waiter] = []
        for waiter in views.flatMap(\.waiters) where seen.insert(waiter.owner).inserted { waiters.append(waiter) }
        return waiters.sorted { $0.waitedFor > $1.waitedFor }
    }
}
