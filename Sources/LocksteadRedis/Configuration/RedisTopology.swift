/// How the servers of one engine stand to each other.
public enum RedisTopology: Sendable, Hashable {
    /// One server. The default.
    case single
    /// A primary with replicas, watched by sentinels: the configuration's endpoints are the sentinels.
    case sentinel(SentinelSettings)
    /// A cluster, each of whose primaries holds a part of the locks: the configuration's endpoints are nodes to begin with.
    case cluster
}

/// How to find a primary through its sentinels.
public struct SentinelSettings: Sendable, Hashable {
    /// What the sentinels call the primary (`SENTINEL MONITOR <name> …`).
    public var primaryName: String
    /// The ACL user at the sentinels; `nil` is their `default`.
    public var user: String?
    /// The password at the sentinels; `nil` where they want none.
    ///
    /// The servers' own is never told to them.
    public var password: String?

    /// A primary by its name.
    ///
    /// - Parameters:
    ///   - primaryName: What the sentinels call it.
    ///   - user: The ACL user at the sentinels.
    ///   - password: The password at the sentinels.
    public init(primaryName: String, user: String? = nil, password: String? = nil) {
        (self.primaryName, self.user, self.password) = (primaryName, user, password)
    }
}
