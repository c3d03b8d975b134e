/// Where a server listens.
public enum RedisEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A host's name or address, and a port.
    case host(String, port: Int)
    /// A socket of this machine.
    case unixSocket(path: String)

    /// Such as `127.0.0.1:6379`, `[::1]:6379` or `/run/redis.sock`.
    public var description: String {
        switch self {
        case .host(let name, let port): name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)"
        case .unixSocket(let path): path
        }
    }
}
