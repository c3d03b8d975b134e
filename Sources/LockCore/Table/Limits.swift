/// What a `LockTable` bounds, each with its reason.
package enum Limits {
    /// A grant over more names is a sign of a missing coarser lock, and deadlock checks walk them all.
    package static let namesPerRequest = 32
    /// Answers kept for retries; a client has far fewer requests in flight.
    package static let outstandingPerSession = 1_024
    /// RULES 14: after so many overtakings a waiter is not overtaken any more.
    package static let overtakings: UInt8 = 16
    /// RULES 5: dead leases and leader changes cost this much time at worst.
    package static let longestLease = TimeSpan.seconds(300)
    /// A client must not be able to close a name for longer than it takes people to notice.
    package static let longestDelay = TimeSpan.seconds(86_400)
    package static let identityBytes = 512
    package static let reasonBytes = 1_024
    /// A register is for counts and marks; data belongs into a store.
    package static let registerBytes = 4_096
}

/// The bounds that an engine may set for itself: equal on every replica of one table.
package struct TableLimits: Sendable, Hashable {
    /// Beyond this the queue is an outage, and refusing is kinder than waiting.
    package var waitersPerName = 20_000
    package var grantsPerSession = 10_000
    package var sessionsPerIdentity = 10_000
    /// Registers with a value; one per latch, gate or mark.
    package var registers = 100_000
    /// The bytes of all values: what a snapshot carries beside the locks.
    package var registerBytes = 64 << 20
    package init() {}
}
