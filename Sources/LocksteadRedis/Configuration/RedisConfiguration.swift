public import Lockstead

/// How to reach and use a Redis or Valkey server.
public struct RedisConfiguration: Sendable {
    /// Which serialization to speak.
    public enum ProtocolVersion: Sendable, Hashable {
        /// RESP3, or RESP2 where the server or a proxy before it does not know RESP3. The default.
        case negotiated
        /// RESP2 without asking.
        case resp2
        /// RESP3 or nothing.
        case resp3
    }

    /// How long things may take.
    public struct Timeouts: Sendable, Hashable {
        /// Making a connection, TLS and log-in included; 5 s.
        public var connect = Duration.seconds(5)
        /// A command without a deadline of its own; 10 s.
        public var command = Duration.seconds(10)
        /// A connection that has been quiet for so long is asked for a sign of life; 5 s.
        public var quiet = Duration.seconds(5)
        /// A connection that owes an answer and sends nothing at all for so long is given up; 5 s.
        ///
        /// Must exceed the longest script, and a pause of the server for a fork.
        public var silence = Duration.seconds(5)
        /// How long commands under way may still take once the client is shut down; 2 s.
        public var shutdown = Duration.seconds(2)

        /// The defaults.
        public init() {}
    }

    /// How much is taken and kept.
    public struct Limits: Sendable, Hashable {
        /// The most memory one reply may take; 64 MiB.
        public var replyBytes = 64 << 20
        /// How deep a reply may nest; 32.
        public var replyDepth = 32
        /// Commands that wait for their answers at one node, refused beyond; 65,536.
        public var pendingCommands = 65_536
        /// Messages a subscription holds for a slow reader, dropped beyond (and told as a gap); 1,024.
        public var subscriptionBacklog = 1_024

        /// The defaults.
        public init() {}
    }

    /// The servers: one, or where several are named those to begin with.
    public var endpoints: [RedisEndpoint]
    /// TLS, or `nil` for plain text; the default is plain text.
    public var tls: TLSSettings?
    /// The ACL user; `nil` is the server's `default`.
    public var user: String?
    /// The password; `nil` where the server wants none.
    public var password: String?
    /// The number of the database; 0.
    public var database = 0
    /// What the server's `CLIENT LIST` shows; `nil` for nothing.
    public var clientName: String? = "lockstead"
    /// Which serialization to speak.
    public var protocolVersion = ProtocolVersion.negotiated
    /// Connections to each server, shared by all callers; 2.
    public var connectionsPerNode = 2
    /// How long things may take.
    public var timeouts = Timeouts()
    /// How much is taken and kept.
    public var limits = Limits()
    /// The pauses between attempts to connect; full jitter from 50 ms to 1 s.
    public var reconnect = RetryPolicy.Backoff.exponential(base: .milliseconds(50), cap: .seconds(1))

    /// Everything at its default.
    ///
    /// - Parameters:
    ///   - endpoints: The servers.
    ///   - tls: TLS, or `nil` for plain text.
    public init(endpoints: [RedisEndpoint], tls: TLSSettings? = nil) { (self.endpoints, self.tls) = (endpoints, tls) }
}
