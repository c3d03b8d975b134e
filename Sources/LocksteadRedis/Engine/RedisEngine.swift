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
    /// What stands before every name in the server's keys; nothing unless given.
    public var prefix = ""
    /// With whom the names are shared.
    public var sharing = Sharing.lockstead
    /// The longest lease it takes; 5 minutes unless raised, at most a day.
    public var longestLease = Duration.seconds(300)
    /// Whether to work on a server that may throw keys away when its memory is full; false unless told.
    public var acceptsEviction = false

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
        guard (Self.shortestLease...Self.longestConfigurableLease).contains(longestLease) else {
            throw Self.invalid(
                "A longest lease of \(longestLease) is out of range; give \(Self.shortestLease) to \(Self.longestConfigurableLease)."
            )
        }
        guard prefix.utf8.count <= Self.longestPrefix else {
            throw Self.invalid("A prefix of \(prefix.utf8.count) bytes is too long; the most is \(Self.longestPrefix).")
        }
        guard !prefix.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0x7B || $0 == 0x7D }) else {
            throw Self.invalid("The prefix holds a brace or a control character; use neither.")
        }
    }

    private static func invalid(_ message: String) -> LockError {
        LockError(.invalidOption, message, effect: .didNotHappen)
    }
}
