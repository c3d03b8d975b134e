public import Lockstead

/// How to reach and use a ZooKeeper ensemble.
public struct ZooKeeperConfiguration: Sendable {
    /// How long things may take.
    public struct Timeouts: Sendable, Hashable {
        /// A call without a deadline of its own; 10 s.
        public var call = Duration.seconds(10)
        /// Making one connection, after which another server is tried; 2 s, and never more than a third of the session's timeout.
        public var connect = Duration.seconds(2)

        /// The defaults.
        public init() {}
    }

    /// The servers, or some of them; each is tried when another does not answer.
    public var endpoints: [ZooKeeperEndpoint]
    /// The node below which everything lies, such as `/teams/orders`; empty for the root.
    ///
    /// It is made where it is missing.
    public var chroot = ""
    /// TLS, or `nil` for plain text; the default is plain text.
    public var tls: TLSSettings?
    /// The user of the `digest` scheme; `nil` for none.
    public var user: String?
    /// The user's password.
    public var password: String?
    /// How long things may take.
    public var timeouts = Timeouts()

    /// Everything at its default.
    ///
    /// - Parameters:
    ///   - endpoints: The servers.
    ///   - tls: TLS, or `nil` for plain text.
    public init(endpoints: [ZooKeeperEndpoint], tls: TLSSettings? = nil) {
        (self.endpoints, self.tls) = (endpoints, tls)
    }
}
