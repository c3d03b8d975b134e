import Lockstead

/// Milliseconds of the server's clock, since 1970.
typealias ServerMilliseconds = Int64

/// A holder as the scripts write it; see `Scripts/common.lua`.
struct HolderRecord: Sendable, Hashable {
    var mode: LockMode
    var phase: Character
    var request: String
    var token: FencingToken
    var ends: ServerMilliseconds
    var delay: Int64
    var least: ServerMilliseconds
    var since: ServerMilliseconds
    var owner: OwnerID
    var note: HolderNote

    /// Reads a record; `nil` for a value that another program wrote.
    init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 15, words[0] == "lockstead:1", let mode = LockMode(word: words[1]),
            let phase = words[2].first, let token = FencingToken(String(words[4])), let ends = Int64(words[5]),
            let delay = Int64(words[7]), let least = Int64(words[8]), let since = Int64(words[10]),
            let owner = OwnerID(hexadecimal: words[11]), min(ends, delay, least, since) >= 0
        else { return nil }
        (self.mode, self.phase, self.token, self.ends) = (mode, phase, token, ends)
        (self.delay, self.least, self.since, self.owner) = (delay, least, since, owner)
        (request, note) = (String(words[3]), HolderNote(word: words[12]))
    }

    /// The record as people see it at a time of the server.
    func description(at now: ServerMilliseconds) -> LockDescription.Holder {
        let (phase, end) = standing(at: now)
        return LockDescription.Holder(
            owner: owner, mode: mode, token: token, phase: phase,
            heldFor: .milliseconds(max(0, now.saturatingSubtracting(since))),
            remaining: .milliseconds(max(0, end.saturatingSubtracting(now))), note: note)
    }

    /// Whether an owner stands behind it.
    func isLive(at now: ServerMilliseconds) -> Bool { "hcr".contains(phase) && now <= ends }

    private func standing(at now: ServerMilliseconds) -> (LockDescription.Holder.Phase, ServerMilliseconds) {
        switch phase {
        case "r" where now <= ends: (.revoked, ends)
        case "h" where now <= ends, "c" where now <= ends: (.held, ends)
        case "d": (.lockDelay, ends)
        case "m": (.minimumHold, ends)
        // Nobody has written since its lease ran out: what still closes the name is what was asked for beyond the lease.
        default:
            ends.saturatingAdding(delay) >= least
                ? (.lockDelay, ends.saturatingAdding(delay)) : (.minimumHold, least)
        }
    }
}

/// A waiter as the scripts write it.
struct WaiterRecord: Sendable, Hashable {
    var mode: LockMode
    var since: ServerMilliseconds
    var owner: OwnerID
    var note: HolderNote

    init?(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 14, omittingEmptySubsequences: false)
        guard words.count == 15, words[0] == "waiter", let mode = LockMode(word: words[1]),
            let since = Int64(words[10]), since >= 0, let owner = OwnerID(hexadecimal: words[11])
        else { return nil }
        (self.mode, self.since, self.owner, note) = (mode, since, owner, HolderNote(word: words[12]))
    }

    /// The record as people see it at a time of the server.
    func description(at now: ServerMilliseconds) -> LockDescription.Waiter {
        LockDescription.Waiter(
            owner: owner, mode: mode,
            waitedFor: .milliseconds(max(0, now.saturatingSubtracting(since))), note: note)
    }
}
