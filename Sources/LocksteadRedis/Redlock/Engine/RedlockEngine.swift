public import Lockstead
import NIOPosix

/// The settings of locks that a majority of independent Redis or Valkey servers grants.
public struct RedlockEngine: Sendable {
    /// How to reach the nodes: three or more servers that know nothing of each other, five advised.
    public var configuration: RedisConfiguration
    /// What stands before every name in the servers' keys; nothing unless given.
    public var prefix = ""
    /// The longest lease it takes; 5 minutes unless raised, at most a day.
    public var longestLease = Duration.seconds(300)
    /// Whether to work with nodes that may throw keys away when their memory is full; false unless told.
    public var acceptsEviction = false
    /// How long a node that forgot its locks has no vote; `nil`, the default, is the longest lease, and less is not safe.
    public var quarantine: Duration?
    /// How long to wait for one node where the others have not decided; 500 ms, and never more than a quarter of the lease.
    public var nodeTimeout = Duration.milliseconds(500)

    /// The fewest nodes: with two, losing one stops everything, and with one it is no majority of anything.
    public static let fewestNodes = 3
    /// The most nodes: each costs a command per act.
    public static let mostNodes = 15

    /// Settings for nodes.
    ///
    /// - Parameter configuration: How to reach them.
    public init(_ configuration: RedisConfiguration) { self.configuration = configuration }

    /// One node by itself, with what it shares with a single server.
    package func node(_ endpoint: RedisEndpoint) -> RedisEngine {
        var configuration = configuration
        configuration.endpoints = [endpoint]
        // A release is never to overtake the attempt that it ends.
        configuration.connectionsPerNode = 1
        // A node that is back is one less that may not be lost.
        configuration.reconnect = .exponential(base: .milliseconds(50), cap: .milliseconds(100))
        var engine = RedisEngine(configuration)
        (engine.prefix, engine.longestLease) = (prefix, longestLease)
        (engine.acceptsEviction, engine.sharing) = (acceptsEviction, .foreign)
        return engine
    }

    /// Refuses settings that cannot be meant.
    func check() throws(LockError) {
        let endpoints = configuration.endpoints
        guard (Self.fewestNodes...Self.mostNodes).contains(endpoints.count) else {
            throw Self.invalid(
                "Redlock needs \(Self.fewestNodes) to \(Self.mostNodes) independent nodes, and \(endpoints.count) are named; five are advised."
            )
        }
        guard Set(endpoints).count == endpoints.count else {
            throw Self.invalid("A Redlock node is named twice; each vote must be a server's own.")
        }
        guard quarantine.map({ $0 >= .zero }) ?? true, nodeTimeout >= .milliseconds(1) else {
            throw Self.invalid("A quarantine below zero or a node timeout below 1 ms cannot be kept.")
        }
        try node(endpoints[0]).check()
    }

    static func invalid(_ message: String) -> LockError { LockError(.invalidOption, message, effect: .didNotHappen) }
}

extension LockEngine {
    /// Locks that a majority of independent Redis or Valkey servers grants (Redlock).
    ///
    /// Exclusion is a quorum's: it holds while a majority of the nodes keeps its memory and its clocks. Tokens rise as long, and are
    /// advisory. Semaphores, read/write locks, fair order and values beside locks are refused.
    ///
    /// - Parameter engine: The settings.
    /// - Returns: The engine.
    public static func redlock(_ engine: RedlockEngine) -> LockEngine {
        LockEngine(name: "redlock") { context in
            try engine.check()
            // One event loop for all nodes: a round wakes one thread, not one for each node.
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let clients = engine.configuration.endpoints.map {
                RedisNode($0, configuration: engine.node($0).configuration, context: context, group: loop)
            }
            return try RedlockBackend(engine, clients: clients, context: context)
        }
    }
}
