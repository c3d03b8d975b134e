import Lockstead

/// The settings of locks on one Redis or Valkey server.
public struct RedisEngine: Sendable {
    /// With whom the names are shared.
    public enum Sharing: String, Sendable, Hashable, CaseIterable {
        /// With Lockstead alone: waiters are served in their order, and a release hands the lock to the next one. The default.
        case lockstead
        /// With other programs too, which try `SET NX PX` again and again: a release leaves the key free for whoever comes first.
        case foreign
    }

    /// How to reach the server.
    public var configuration: RedisConfiguration
    /// How the servers stand to each other; one server unless told.
    public var topology = RedisTopology.single
    /// What stands before every name in the server's keys; nothing unless given.
    public var prefix = ""
    /// With whom the names are shared.
    public var sharing = Sharing.lockstead
    /// The longest lease it takes; 5 minutes unless raised, at most a day.
    public var longestLease = Duration.seconds(300)
    /// Whether to work on a server that may throw keys away when its memory is full; false unless told.
    public var acceptsEviction = false

    /// How many replicas must have a grant, or an extension of it, before it counts; 0, which asks for none.
    ///
    /// With too few of them a grant is undone and not reported. It narrows the window in which a failover forgets a grant; a promoted
    /// replica may still end it early, since what a replica keeps of a lease is a moment of its own wall clock.
    public var acknowledgements = 0
    /// How long replicas are waited for; half a second, at most 2 s.
    ///
    /// Commands on the same connection wait with it.
    public var acknowledgementTimeout = Duration.milliseconds(500)

    /// The most bytes a prefix may have.
    public static let longestPrefix = 128
    static let longestConfigurableLease = Duration.seconds(86_400)
    static let shortestLease = Duration.seconds(1)
    /// A hundred years in milliseconds: what is longer overflows the server's clock.
    static let longestSpan: Int64 = 3_155_760_000_000

    /// Settings for a server.
    ///
    /// - Parameter configuration: How to reach it.
    public init(_ configuration: RedisConfiguration) { self.configuration = configuration }

    /// Refuses settings that cannot be meant.
    func check() throws(LockError) {
        guard topology != .cluster || configuration.database == 0 else {
            throw Self.invalid("A cluster has no database but 0; name none.")
        }
        guard (Self.shortestLease...Self.longestConfigurableLease).contains(longestLease) else {
            throw Self.invalid(
                "A longest lease of \(longestLease) is out of range; give \(Self.shortestLease) to \(Self.longestConfigurableLease)."
            )
        }
        guard (0...16).contains(acknowledgements) else {
            throw Self.invalid("Acknowledgements of \(acknowledgements) replicas are out of range; give 0 to 16.")
        }
        guard (.milliseconds(1)...Duration.seconds(2)).contains(acknowledgementTimeout) else {
            throw Self.invalid(
                "Waiting \(acknowledgementTimeout) for acknowledgements is out of range; give 1 ms to 2 s.")
        }
        guard prefix.utf8.count <= Self.longestPrefix else {
            throw Self.invalid("A prefix of \(prefix.utf8.count) bytes is too long; the most is \(Self.longestPrefix).")
        }
        guard !prefix.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0x7B || $0 == 0x7D }) else {
            throw Self.invalid("The prefix holds a brace or a control character; use neither.")
        }
    }

    static func invalid(_ message: String) -> LockError {
        LockError(.invalidOption, message, effect: .didNotHappen)
    }
}
