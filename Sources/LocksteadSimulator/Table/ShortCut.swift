import LockCore

/// Does a command by the table's short way for plain cases and by `apply`, on copies, and compares what comes out.
enum ShortCut {
    enum Finding: Equatable {
        /// The command is none, or the table declined it and stayed as it was.
        case notTaken
        case same
        case differs(String)
    }

    static func judge(_ table: LockTable, _ command: Command, at now: LogTime) -> Finding {
        switch command {
        case .acquire(let acquire) where isPlain(acquire): judge(table, acquire, at: now)
        case .release(let release) where release.dedup == nil && release.names.count == 1:
            judge(table, release, at: now)
        default: .notTaken
        }
    }

    private static func isPlain(_ command: Command.Acquire) -> Bool {
        command.names.count == 1 && command.mode == .exclusive && command.dedup == nil && command.ifOwned == .wait
            && command.lockDelay == .zero && command.minimumHold == .zero && command.maximumHold == nil
    }

    private static func judge(_ table: LockTable, _ command: Command.Acquire, at now: LogTime) -> Finding {
        var short = table
        let token = short.acquireUncontended(
            session: command.session, request: command.request, owner: command.owner, names: command.names,
            note: command.note, at: now)
        guard let token else {
            return declined(table, short) == .notTaken ? judgeWait(table, command, at: now) : declined(table, short)
        }
        return compare(table, short, .acquire(command), at: now) { answer in
            guard case .granted(let grant) = answer else { return false }
            return grant.token == token
        }
    }

    private static func judgeWait(_ table: LockTable, _ command: Command.Acquire, at now: LogTime) -> Finding {
        var short = table
        guard short.queuePlainly(command, at: now) else { return declined(table, short) }
        return compare(table, short, .acquire(command), at: now) { $0 == .queued }
    }

    private static func judge(_ table: LockTable, _ command: Command.Release, at now: LogTime) -> Finding {
        var short = table
        // Without timers a release needs no time; then the time of the command before it counts.
        let time = table.nextDue == nil && command.token.rawValue % 2 == 0 ? nil : now
        let isFreed = short.releaseUncontended(
            session: command.session, name: command.names[0], token: command.token, at: time)
        guard isFreed else {
            return declined(table, short) == .notTaken ? judgePassing(table, command, at: now) : declined(table, short)
        }
        return compare(table, short, .release(command), at: time ?? .zero) { $0 == .released }
    }

    private static func judgePassing(_ table: LockTable, _ command: Command.Release, at now: LogTime) -> Finding {
        var short = table
        let next = short.passOn(
            session: command.session, name: command.names[0], token: command.token, at: now)
        guard let next else { return declined(table, short) }
        return compare(table, short, .release(command), at: now, others: [.granted(next)]) { $0 == .released }
    }

    private static func declined(_ table: LockTable, _ short: LockTable) -> Finding {
        table.digest == short.digest && table.nextDue == short.nextDue ? .notTaken : .differs("declined, but changed")
    }

    private static func compare(
        _ table: LockTable, _ short: LockTable, _ command: Command, at now: LogTime, others: [Effect] = [],
        _ agrees: (Answer) -> Bool
    ) -> Finding {
        var long = table
        var effects: [Effect] = []
        let answer = long.apply(command, at: now, effects: &effects)
        guard agrees(answer), Array(effects.dropFirst()) == others, !effects.isEmpty else {
            return .differs("apply answers \(answer), \(effects)")
        }
        guard short.encoded() == long.encoded(), short.digest == long.digest, short.nextDue == long.nextDue else {
            return .differs("another table than apply makes")
        }
        return short.invariantViolation().map { .differs($0) } ?? .same
    }
}
