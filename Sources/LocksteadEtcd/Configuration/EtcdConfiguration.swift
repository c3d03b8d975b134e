public import Lockstead

/// How to reach and use an etcd cluster.
public struct EtcdConfiguration: Sendable {
    /// How long things may take.
    public struct Timeouts: Sendable, Hashable {
        /// A call without a deadline of its own; 10 s.
        public var call = Duration.seconds(10)
        /// One attempt of a call, after which another member is asked where there is one; 3 s.
        ///
        /// Longer than a cluster needs to elect a leader.
        public var attempt = Duration.seconds(3)

        /// The defaults.
        public init() {}
    }

    /// The members, or some of them; each is tried when another does not answer.
    public var endpoints: [EtcdEndpoint]
    /// TLS, or `nil` for plain text; the default is plain text.
    public var tls: TLSSettings?
    /// The user; `nil` where the cluster wants none, or knows us by our certificate.
    public var user: String?
    /// The user's password.
    public var password: String?
    /// How long things may take.
    public var timeouts = Timeouts()

    /// Everything at its default.
    ///
    /// - Parameters:
    ///   - endpoints: The members.
    ///   - tls: TLS, or `nil` for plain text.
    public init(endpoints: [EtcdEndpoint], tls: TLSSettings? = nil) { (self.endpoints, self.tls) = (endpoints, tls) }
}
