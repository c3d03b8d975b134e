/// What the judge found in a history.
public struct Judgement: Sendable, Hashable {
    /// The one word.
    public enum Verdict: String, Sendable, Hashable {
        /// Nothing in the history contradicts the rules.
        case clean
        /// Something cannot have happened under the rules.
        case violated
        /// No violation was found, and for some keys the search was given up: as good as a failure.
        case unknown
    }

    /// The first violations, in order of the lines where they show; at most ``JudgeRules/mostViolations``.
    public var violations: [Violation]
    /// How many there are in all.
    public var violationCount: Int
    /// Keys for which the search reached its limit.
    public var undecidedKeys: [String]
    /// What was judged.
    public var statistics: Statistics

    /// The one word: a violation counts more than an open question.
    public var verdict: Verdict { violationCount > 0 ? .violated : undecidedKeys.isEmpty ? .clean : .unknown }

    /// How much was judged, and what was noticed that is no violation.
    public struct Statistics: Sendable, Hashable {
        /// Lines of the history.
        public var lines = 0
        /// Calls of an engine.
        public var operations = 0
        /// Grants that were answered.
        public var grants = 0
        /// Operations whose outcome is not known.
        public var unknownOperations = 0
        /// Names of locks.
        public var keys = 0
        /// Of these, judged by search because tokens could not order them.
        public var searchedKeys = 0
        /// Processes.
        public var processes = 0
        /// Stays in critical sections.
        public var sections = 0
        /// Stays that outlasted their validity while another holder was inside: allowed, as long as their writes are refused.
        public var zombies = 0
        /// Reads and writes at guarded resources.
        public var accesses = 0
        /// Of these, refused.
        public var refusedAccesses = 0
        /// Updates that a resource accepted.
        public var updates = 0
        /// Of these, missing from it at the end.
        public var lostUpdates = 0
    }
}

/// Something in a history that cannot have happened under the rules.
public struct Violation: Sendable, Hashable {
    /// Which rule is broken.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Two grants of one key have one token (S2).
        case duplicateToken
        /// A grant that was over before another one began has the higher token (S2).
        case tokenOrder
        /// Two exclusive grants at a time (S1).
        case overlap
        /// A shared grant beside an exclusive one (S1).
        case readerBesideWriter
        /// More permits than there are (S1).
        case tooManyPermits
        /// Grants of two kinds of lock at a time (S1).
        case kindMismatch
        /// A grant ended before its lease could have run out (S3).
        case earlyExpiry
        /// A waiter waited for a dead holder longer than its lease can have lasted (L1).
        case lateExpiry
        /// The lock-delay after an expiry or a forced release was cut short (S10).
        case lockDelay
        /// The minimum hold was cut short.
        case minimumHold
        /// The engine confirmed an operation on a grant of another owner (S7).
        case foreignOwner
        /// The engine confirmed an operation on a token that it gave to nobody (S7).
        case unknownToken
        /// The engine confirmed an operation on a grant after its release (S7).
        case afterRelease
        /// The engine released one grant twice (S7).
        case releasedTwice
        /// A later request was served before an earlier one that it conflicts with (S9).
        case queueOrder
        /// No order of the operations explains the answers.
        case notLinearizable
        /// Two holders believed to hold at a time though the engine let only one in (S5).
        case beliefOverlap
        /// Two holders were inside at a time, and the engine had let both in (S1).
        case serverOverlap
        /// A resource served a token after it had served a higher one (S6).
        case staleAccess
        /// A resource holds what it said it refused (S6).
        case refusedWriteFound
        /// An update that the resource accepted is gone (S6).
        case lostUpdate
    }

    /// Which rule is broken.
    public var kind: Kind
    /// The name of the lock.
    public var key: String
    /// What cannot be, in a sentence.
    public var message: String
    /// The lines of the history that show it, in order, as few as do.
    public var lines: [Int]
    /// These lines' text, where it was at hand.
    public var excerpt: [String] = []
}

/// By what a history is judged.
public struct JudgeRules: Sendable, Hashable {
    /// ρ, the largest rate error of each clock, in thousandths; 10 unless given.
    public var rateErrorPermille = 10
    /// How late a grant may come after the last moment at which it was due, before that counts as late; 1 s unless given (L3).
    ///
    /// Add what elections take where the engine has them.
    public var slack = Duration.seconds(1)
    /// Whether to order grants by token; `nil`, the default, leaves it to the history: its `begin` line, and whether grants have tokens.
    public var usesTokens: Bool?
    /// How many configurations the search may look at for each key; a million unless given.
    public var searchLimit = 1_000_000
    /// How many violations are kept; a hundred unless given.
    public var mostViolations = 100

    /// The rules of this project.
    public init() {}

    /// The least a span of the engine's clock can be on ours.
    func least(_ span: Int64) -> Int64 {
        guard span < .max else { return .max }
        let (slow, fast) = (Int64(1000 - rateErrorPermille), Int64(1000 + rateErrorPermille))
        return span / fast * slow + span % fast * slow / fast
    }

    /// The most a span of real time can be on a clock.
    func most(_ span: Int64) -> Int64 {
        let slow = Int64(1000 - rateErrorPermille)
        return span < .max / 2000 ? span / slow * 1000 + span % slow * 1000 / slow + 1 : .max
    }
}
