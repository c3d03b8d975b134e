/// What a `LockTable` bounds, each with its reason.
package enum Limits {
    /// A grant over more names is a sign of a missing coarser lock, and deadlock checks walk them all.
    package static let namesPerRequest = 32
    /// Beyond this the queue is an outage, and refusing is kinder than waiting.
    package static let waitersPerName = 20_000
    package static let grantsPerSession = 10_000
    package static let sessionsPerIdentity = 10_000
    /// Answers kept for retries; a client has far fewer requests in flight.
    package static let outstandingPerSession = 1_024
    /// RULES 14: after so many overtakings a waiter is not overtaken any more.
    package static let overtakings: UInt8 = 16
    /// RULES 5: dead leases and leader changes cost this much time at worst.
    package static let longestLease = TimeSpan.seconds(300)
    package static let identityBytes = 512
    package static let reasonBytes = 1_024
}
