import LockCore

/// Any bytes: refused, or a table that keeps its invariants, survives whatever follows, and gives a snapshot that loads.
enum SnapshotsTarget {
    static func feed(_ bytes: [UInt8]) {
        guard var table = try? LockTable(decoding: bytes) else { return }  // Why it is refused is not the question.
        let encoded = table.encoded()
        guard let again = try? LockTable(decoding: encoded), again.encoded() == encoded else {
            broken("what was accepted can be written and read again")
        }
        liveOn(&table)
    }

    /// The end of all timers, and of all sessions.
    private static func liveOn(_ table: inout LockTable) {
        var effects: [Effect] = []
        for _ in 0..<4 {
            guard let due = table.nextDue else { break }
            _ = table.apply(.advance, at: due, effects: &effects)
            check(table)
        }
        for session in table.sessions.prefix(4) {
            _ = table.apply(.closeSession(session.id), at: table.logTime, effects: &effects)
            check(table)
        }
        _ = table.apply(.advance, at: .distantFuture, effects: &effects)
        check(table)
    }

    private static func check(_ table: LockTable) {
        if let violation = table.invariantViolation() { broken("\(violation), in a table from a snapshot") }
    }
}
