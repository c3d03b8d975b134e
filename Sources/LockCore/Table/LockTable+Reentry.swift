extension LockTable {
    /// RULES 12–13: an owner meets its own live grant.
    ///
    /// `nil` where it has none of the names.
    mutating func enterAgain(_ command: Command.Acquire) -> Answer? {
        guard command.ifOwned != .wait else { return nil }
        if case .permits = command.mode { return nil }  // each permit counts
        let own = ownHolders(command)
        guard let first = own.first else { return nil }
        let held = holderSlab[first]
        if command.mode == .exclusive, own.contains(where: { holderSlab[$0].mode == .shared }) {
            return .refused(.upgrade)
        }
        // Names of several grants, or only some of the names: waiting for the rest would be waiting for oneself.
        guard own.count == command.names.count, own.allSatisfy({ holderSlab[$0].token == held.token }) else {
            return .refused(.deadlock([command.owner]))
        }
        guard command.ifOwned == .enter, held.sessionID == command.session, held.names == command.names,
            held.phase == .held
        else { return .refused(.reentry) }
        if makes(.reentryMakesSecondGrant) { return nil }
        guard held.count < .max else { return .refused(.reentry) }
        for slot in own { change(slot) { $0.count += 1 } }
        return .granted(record(of: first))
    }

    /// The owner's live holders among the names, in the names' order.
    private func ownHolders(_ command: Command.Acquire) -> [Slot<HolderRecord>] {
        guard let owner = owners[command.owner], !owner.holders.isEmpty else { return [] }
        let all = holderSlab.list(owner.holders, HolderRecord.OfOwner.self)
        return command.names.compactMap { name in
            all.first { lockSlab[holderSlab[$0].lock].name == name }
        }
    }
}
