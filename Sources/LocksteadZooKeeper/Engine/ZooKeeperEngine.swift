internal import Jute
public import Lockstead

/// The settings of locks on a ZooKeeper ensemble.
public struct ZooKeeperEngine: Sendable {
    /// Who may touch the nodes that are made.
    public enum Access: Sendable, Hashable {
        /// Everybody. The default without a user.
        case open
        /// The user who made them, and nobody else. The default with a user.
        case creator
    }

    /// How to reach the ensemble.
    public var configuration: ZooKeeperConfiguration
    /// What stands before every name below the chroot, segment by segment; nothing unless given.
    public var prefix = ""
    /// How contenders' nodes are named; Curator's way unless given.
    public var layout = ZooKeeperLayout.curator
    /// Who may touch the nodes; `nil` for the default.
    public var access: Access?
    /// The `tickTime` that the servers are configured with; `nil`, the default, takes half of each lease for it, the most that ensembles allow.
    ///
    /// Followers tell the leader every half tick who is alive, and a grant is believed for that much less.
    public var tickTime: Duration?
    /// The longest lease it takes, at most a day; 20 ticks unless given, of 2 s each where ``tickTime`` is not given.
    ///
    /// That is what servers allow unless told otherwise. More needs a higher `maxSessionTimeout` on the servers, too.
    public var longestLease: Duration?

    /// The most bytes a prefix or a chroot may have.
    public static let longestPrefix = 128
    static let longestConfigurableLease = Duration.seconds(86_400)
    /// Servers with the least tick that makes sense give no shorter session.
    static let shortestLease = Duration.milliseconds(200)

    /// Settings for an ensemble.
    ///
    /// - Parameter configuration: How to reach it.
    public init(_ configuration: ZooKeeperConfiguration) { self.configuration = configuration }

    var accessList: [ZNodeAccess] {
        switch access ?? (configuration.user == nil ? .open : .creator) {
        case .open: ZNodeAccess.open
        case .creator: ZNodeAccess.creator
        }
    }

    /// How late the leader hears of a sign of life, for sessions of a lease.
    ///
    /// Half a tick, and a little more for a leader that is late with its own pings.
    func lag(of lease: Duration) -> Duration { min(tickTime ?? lease / 2, lease) * 3 / 5 }

    var longest: Duration { longestLease ?? (tickTime ?? .seconds(2)) * 20 }

    /// Refuses settings that cannot be meant.
    func check() throws(LockError) {
        guard !configuration.endpoints.isEmpty else { throw Self.invalid("Without a server there is nothing to ask.") }
        guard (Self.shortestLease...Self.longestConfigurableLease).contains(longest) else {
            throw Self.invalid(
                "A longest lease of \(longest) is out of range; give \(Self.shortestLease) to \(Self.longestConfigurableLease)."
            )
        }
        if let tickTime, tickTime <= .zero || tickTime > .seconds(60) {
            throw Self.invalid("A tickTime of \(tickTime) cannot be meant; give what the servers' zoo.cfg says.")
        }
        for (what, path) in [("chroot", configuration.chroot), ("prefix", prefix)] {
            guard path.utf8.count <= Self.longestPrefix else {
                throw Self.invalid(
                    "A \(what) of \(path.utf8.count) bytes is too long; the most is \(Self.longestPrefix).")
            }
            guard path.unicodeScalars.allSatisfy({ (0x21..<0x7F).contains($0.value) && $0 != "%" }),
                !path.split(separator: "/").contains(where: { $0 == "." || $0 == ".." })
            else {
                throw Self.invalid(
                    "The \(what) is no path that ZooKeeper takes; use letters, digits, dashes and slashes.")
            }
        }
        guard configuration.timeouts.call > .zero, configuration.timeouts.connect > .zero else {
            throw Self.invalid("A timeout of nothing lets no call through; give more.")
        }
    }

    static func invalid(_ message: String) -> LockError {
        LockError(.invalidOption, message, effect: .didNotHappen)
    }
}

extension LockEngine {
    /// Locks on a ZooKeeper ensemble, which queue as those of Curator or of kazoo do.
    ///
    /// Exclusion is linearizable on the ensemble's side, and at the client until its belief ends: that is renewed by transactions that a
    /// majority commits, never by what one server says alone.
    ///
    /// - Parameter engine: The settings.
    /// - Returns: The engine.
    public static func zooKeeper(_ engine: ZooKeeperEngine) -> LockEngine {
        LockEngine(name: "zookeeper") { context in try ZooKeeperBackend(engine, context: context) }
    }
}
