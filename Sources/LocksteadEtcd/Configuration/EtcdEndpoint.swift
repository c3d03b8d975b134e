/// Where a member of an etcd cluster listens for clients.
public struct EtcdEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A name, or an address of IPv4 or IPv6 without brackets.
    public var host: String
    /// The port; 2379 unless given.
    public var port: Int

    /// A place to connect to.
    ///
    /// - Parameters:
    ///   - host: A name or an address.
    ///   - port: The port.
    public init(_ host: String, port: Int = 2379) { (self.host, self.port) = (host, port) }

    /// Such as `127.0.0.1:2379` or `[::1]:2379`.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
