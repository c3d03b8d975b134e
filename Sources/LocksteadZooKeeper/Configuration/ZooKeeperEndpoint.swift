/// Where a ZooKeeper server listens for clients.
public struct ZooKeeperEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A name, or an address of IPv4 or IPv6 without brackets.
    public var host: String
    /// The port; 2181 unless given.
    public var port: Int

    /// A place to connect to.
    ///
    /// - Parameters:
    ///   - host: A name or an address.
    ///   - port: The port.
    public init(_ host: String, port: Int = 2181) { (self.host, self.port) = (host, port) }

    /// Such as `127.0.0.1:2181` or `[::1]:2181`.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
