public import Lockstead

/// A way of using locks, as people speak of it: the rows of the table that `dev/kinds` prints.
public enum ConformanceKind: String, Sendable, CaseIterable {
    /// One holder at a time.
    case exclusive
    /// Readers beside each other, never beside a writer.
    case shared
    /// A number of permits.
    case semaphore
    /// Several names in one grant.
    case severalNames = "several names"
    /// In order of arrival.
    case fair
    /// Past other barging waiters.
    case barging
    /// Again by the task that holds it.
    case reentrant = "re-entrant"
    /// Closed for a while after an expiry.
    case lockDelay = "lock-delay"
    /// Closed for a while after the grant.
    case minimumHold = "minimum hold"
    /// Ended a while after the grant.
    case maximumHold = "maximum hold"
    /// Revoked by an operator.
    case forcedRelease = "forced release"
    /// From exclusive to shared.
    case downgrade
    /// Handed to another waiter of the same client.
    case handOver = "hand-over"
    /// Told as it happens.
    case watch
    /// All locks under a prefix.
    case list
    /// One lock, in full.
    case inspect
    /// The important first.
    case priority
    /// Many keys on few locks.
    case striped
    /// One leads, and all know who.
    case election = "leader election"
    /// Who is there, told to all.
    case membership = "group membership"
    /// Renewed only while work gets on.
    case progress = "progress-bound"
    /// Tried in place before queueing.
    case spinning
    /// A small fenced value beside the lock.
    case register
    /// Opened by a count.
    case latch
    /// A gate.
    case barrier
    /// Beginning together and ending together.
    case doubleBarrier = "double barrier"
    /// Once across all.
    case runOnce = "run once"
    /// One loader per key.
    case cache = "cache loader"
    /// Between processes: killed, paused, cut off.
    case processes
}

/// One thing that every engine does, or refuses for lack of a capability.
public struct ConformanceCase: Sendable, Identifiable {
    /// A short name that stays, such as `exclusive/one-at-a-time`.
    public let id: String
    /// What is true of every engine that passes.
    public let sentence: String
    /// The promises (S, L), rules (RULES) and regressions (R) that it covers.
    public let covers: [String]
    /// The kinds of lock it speaks of.
    public let kinds: [ConformanceKind]
    /// What it takes; an engine that lacks some of it is tested to refuse that.
    public let needs: Capabilities.Features
    let body: @Sendable (ConformanceContext) async throws -> Void

    init(
        _ id: String, _ sentence: String, covers: [String], kinds: [ConformanceKind],
        needs: Capabilities.Features = [], _ body: @escaping @Sendable (ConformanceContext) async throws -> Void
    ) {
        (self.id, self.sentence, self.covers) = (id, sentence, covers)
        (self.kinds, self.needs, self.body) = (kinds, needs, body)
    }
}

/// How one case ended on one engine.
public struct ConformanceResult: Sendable {
    /// How.
    public enum Verdict: Sendable, Hashable {
        /// The engine does it.
        case passed
        /// The engine lacks these capabilities, and refused what needs them.
        case refused([String])
        /// The engine broke its word.
        case failed(String)
    }

    /// Which case.
    public let conformanceCase: ConformanceCase
    /// On which engine.
    public let engine: String
    /// How it ended.
    public let verdict: Verdict
    /// How long it took.
    public let duration: Duration
    /// What it counted or measured, for people.
    public let figures: [String]
}

/// The engine did not do what the case says.
public struct ConformanceFailure: Error, CustomStringConvertible {
    /// What was seen instead, and where in the suite.
    public let description: String
}
