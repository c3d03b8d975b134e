import ArgumentParser

/// What a worker of the demonstration does.
enum DemoPart: String, ExpressibleByArgument, Sendable {
    /// Transfers without a lock.
    case unguarded
    /// Transfers, each under the lock and with its token.
    case guarded
    /// One transfer under the lock, which stops in the middle until it is told to go on.
    case paused
}
