import LockCore

/// Snapshots, and crashes that leave a snapshot and what was applied since.
extension TableWalk {
    /// A table restored from its snapshot goes on in the place of the original.
    mutating func restore() -> String? {
        if let problem = judge.difference(from: table) { return problem }
        let bytes = table.encoded()
        do {
            var restored = try LockTable(decoding: bytes)
            restored.plant(options.bug?.ofTable)
            if options.bug?.ofTable == nil {
                if restored.digest != table.digest { return "a snapshot changed the digest" }
                if restored.encoded() != bytes { return "a snapshot of a snapshot differs" }
                if let problem = divergence(from: restored) { return problem }
            }
            (table, snapshot, tail) = (restored, bytes, [])
            return nil
        } catch {
            return "a snapshot was refused: \(error)"
        }
    }

    /// Snapshot and tail give the same as living on.
    private func divergence(from restored: LockTable) -> String? {
        var (original, copy) = (table, restored)
        var (first, second): ([Effect], [Effect]) = ([], [])
        for seconds in [1, 3, 8] as [Int64] {
            let time = now + .seconds(seconds)
            _ = original.apply(.advance, at: time, effects: &first)
            _ = copy.apply(.advance, at: time, effects: &second)
        }
        return first == second && original.digest == copy.digest ? nil : "a restored table went another way"
    }

    /// The process dies: the last snapshot and everything applied since give the same table, which goes on.
    mutating func crash() -> String? {
        do {
            var replayed = try LockTable(decoding: snapshot)
            replayed.plant(options.bug?.ofTable)
            var effects: [Effect] = []
            for entry in tail { _ = replayed.apply(entry.command, at: entry.time, effects: &effects) }
            if options.bug?.ofTable == nil, replayed.digest != table.digest {
                return "a snapshot and \(tail.count) commands replayed differ from the table that lived"
            }
            table = replayed
            return nil
        } catch {
            return "a snapshot was refused: \(error)"
        }
    }
}
