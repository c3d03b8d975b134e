public import LockCore

/// What an engine can carry.
///
/// What it cannot, it refuses with `unsupported`; the conformance suite tests either.
public struct Capabilities: Sendable, Hashable {
    /// The engine's name as in URLs and metric labels, such as `file`.
    public var engine: String
    /// What its grants promise.
    public var guarantee: Guarantee
    /// What it can do.
    public var features: Features
    /// The shortest lease it takes, or `nil` where a grant lasts as long as the process and cannot run out.
    public var shortestLease: Duration?
    /// The longest lease it takes.
    public var longestLease: Duration
    /// Whether waiters of this client queue locally, one of them asking the engine at a time (RULES 9).
    public var queuesLocally: Bool

    /// Single abilities.
    public struct Features: OptionSet, Sendable, Hashable {
        /// The bits.
        public let rawValue: UInt32
        /// Wraps the bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Shared (read) grants.
        public static let shared = Features(rawValue: 1 << 0)
        /// Counting semaphores.
        public static let permits = Features(rawValue: 1 << 1)
        /// Waiters served in arrival order.
        public static let fair = Features(rawValue: 1 << 2)
        /// Requests that may pass barging waiters.
        public static let barging = Features(rawValue: 1 << 3)
        /// Several names in one atomic grant.
        public static let severalNames = Features(rawValue: 1 << 4)
        /// Lock-delay after an expiry or a forced release.
        public static let lockDelay = Features(rawValue: 1 << 5)
        /// Minimum hold.
        public static let minimumHold = Features(rawValue: 1 << 6)
        /// Cap on the total hold.
        public static let maximumHold = Features(rawValue: 1 << 7)
        /// Priorities among waiters.
        public static let priority = Features(rawValue: 1 << 8)
        /// Turning an exclusive grant into a shared one.
        public static let downgrade = Features(rawValue: 1 << 9)
        /// Handing a grant to another waiter of the same client.
        public static let handOver = Features(rawValue: 1 << 10)
        /// Describing one lock.
        public static let inspect = Features(rawValue: 1 << 11)
        /// Listing locks.
        public static let list = Features(rawValue: 1 << 12)
        /// Telling changes as they happen.
        public static let changes = Features(rawValue: 1 << 13)
        /// Forced release.
        public static let forceRelease = Features(rawValue: 1 << 14)
        /// Refusing a wait that would close a circle of owners.
        public static let deadlockDetection = Features(rawValue: 1 << 15)
        /// Excluding other processes, not only tasks of this one.
        public static let betweenProcesses = Features(rawValue: 1 << 16)
        /// Small fenced values beside the locks.
        public static let registers = Features(rawValue: 1 << 17)
    }

    /// Puts capabilities together.
    public init(
        engine: String, guarantee: Guarantee, features: Features, shortestLease: Duration?, longestLease: Duration,
        queuesLocally: Bool
    ) {
        (self.engine, self.guarantee, self.features) = (engine, guarantee, features)
        (self.shortestLease, self.longestLease, self.queuesLocally) = (shortestLease, longestLease, queuesLocally)
    }
}
