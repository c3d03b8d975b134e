import LockCore

extension LockError {
    /// What a `LockTable` refused, as its caller is told.
    ///
    /// None of it happened.
    package init(_ refusal: Refusal) {
        let (code, message) = refusal.words
        self.init(code, message, effect: .didNotHappen)
    }
}

extension Refusal {
    /// The code, and what to do, in a sentence or two.
    fileprivate var words: (LockError.Code, String) {
        switch self {
        case .kindMismatch(let kind): (.kindMismatch, Self.mismatch(with: kind))
        case .deadlock(let circle): (.wouldDeadlock, Self.deadlock(circle))
        case .reentry:
            (.reentryRefused, "This owner holds the name already. Use the lease it has, or allow re-entry.")
        case .upgrade:
            (.upgradeRefused, "This owner holds the name shared. Release it first, then ask for the exclusive lock.")
        case .recovering:
            (.recovering, "The engine started without its history and grants nothing for a while. Try again later.")
        case .unknownSession:
            (.engineUnavailable, "The engine does not know this client's session any more. Ask again.")
        case .sessionBoundToAnother:
            (.permissionDenied, "The session belongs to another identity. Open one of your own.")
        case .badLease, .badNames, .badPermits, .badTerms, .notExclusive, .requestReused, .sequenceDone,
            .sequenceReused,
            .downgradeOfFeatureLevel, .unknownToken:
            (.invalidOption, misuse)
        case .noteTooLong, .tooManySessions, .tooManyWaiters, .tooManyGrants, .tooManyOutstanding, .tokensExhausted,
            .valueTooLong, .tooManyRegisters:
            (.limitExceeded, limit)
        }
    }

    private var misuse: String {
        switch self {
        case .badLease:
            "The lease is out of range. Ask for more than nothing and at most \(Limits.longestLease.duration)."
        case .badNames: "A request needs 1 to \(Limits.namesPerRequest) distinct names. Use a coarser lock for more."
        case .badPermits:
            "A semaphore has 1 to \(LockMode.maximumPermits) permits, and a request takes at least one and at most all."
        case .badTerms:
            "Lock-delay and minimum hold are at least nothing and at most \(Limits.longestDelay.duration), and a maximum hold is more than nothing."
        case .notExclusive: "Only an exclusive or shared grant can be downgraded."
        case .downgradeOfFeatureLevel: "The feature level only rises."
        case .requestReused, .sequenceDone, .sequenceReused: "The request's id was used before. Draw a fresh one."
        case .unknownToken: "No grant of this engine has had that token. Store under the token of a grant."
        default: "The request breaks a rule."
        }
    }

    private var limit: String {
        switch self {
        case .noteTooLong: "The texts of a note have at most \(HolderNote.maximumByteCount) bytes in all. Shorten them."
        case .tooManySessions: "Too many sessions are open. Use fewer clients, or fewer distinct leases."
        case .tooManyWaiters: "Too many wait for this name already. Try again later, or split the lock."
        case .tooManyGrants: "This client holds and awaits too many locks. Release some, or use a coarser lock."
        case .tooManyOutstanding: "Too many requests of this session are unanswered. Wait for some."
        case .tokensExhausted:
            "The fencing tokens of this store are used up. Begin a new store and register its lineage."
        case .valueTooLong:
            "A register holds at most \(Limits.registerBytes) bytes. Keep the data elsewhere, and its place here."
        case .tooManyRegisters: "Too many registers hold values. Remove some, or have them kept for a time only."
        default: "A limit is reached."
        }
    }

    private static func mismatch(with kind: LockKind) -> String {
        switch kind {
        case .readWrite: "The name is in use as an exclusive or shared lock. Use another name for the semaphore."
        case .semaphore(let limit):
            "The name is in use as a semaphore of \(limit) permits. Ask with the same size, or use another name."
        }
    }

    private static func deadlock(_ circle: [OwnerID]) -> String {
        let owners = circle.map(\.description).joined(separator: " → ")
        return "Waiting would never end: \(owners) wait for one another. Take the locks in one order everywhere."
    }
}
