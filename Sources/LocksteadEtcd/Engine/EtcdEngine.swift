import Lockstead

/// The settings of locks on an etcd cluster.
public struct EtcdEngine: Sendable {
    /// How to reach the cluster.
    public var configuration: EtcdConfiguration
    /// What stands before every name in the cluster's keys; nothing unless given.
    public var prefix = ""
    /// The longest lease it takes; 5 minutes unless raised, at most a day.
    public var longestLease = Duration.seconds(300)

    /// The most bytes a prefix may have.
    public static let longestPrefix = 128
    static let longestConfigurableLease = Duration.seconds(86_400)
    /// Etcd counts in seconds, and gives no lease shorter than one and a half of its elections: 2 s by default.
    static let shortestLease = Duration.seconds(2)

    /// Settings for a cluster.
    ///
    /// - Parameter configuration: How to reach it.
    public init(_ configuration: EtcdConfiguration) { self.configuration = configuration }

    /// Refuses settings that cannot be meant.
    func check() throws(LockError) {
        guard (Self.shortestLease...Self.longestConfigurableLease).contains(longestLease) else {
            throw Self.invalid(
                "A longest lease of \(longestLease) is out of range; give \(Self.shortestLease) to \(Self.longestConfigurableLease)."
            )
        }
        guard prefix.utf8.count <= Self.longestPrefix else {
            throw Self.invalid("A prefix of \(prefix.utf8.count) bytes is too long; the most is \(Self.longestPrefix).")
        }
        guard !prefix.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw Self.invalid("The prefix holds a control character; use none.")
        }
        guard configuration.timeouts.call > .zero, configuration.timeouts.attempt > .zero else {
            throw Self.invalid("A timeout of nothing lets no call through; give more.")
        }
    }

    static func invalid(_ message: String) -> LockError {
        LockError(.invalidOption, message, effect: .didNotHappen)
    }
}
