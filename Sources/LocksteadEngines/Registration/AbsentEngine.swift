/// Engines that Lockstead knows by name and this build does not have.
enum AbsentEngine {
    private static let names = [
        "redis": "Redis", "rediss": "Redis", "redis+sentinel": "Redis", "rediss+sentinel": "Redis",
        "redis+cluster": "Redis", "rediss+cluster": "Redis", "valkey+cluster": "Valkey", "valkeys+cluster": "Valkey",
        "redlock": "Redlock",
        "valkey+sentinel": "Valkey", "valkeys+sentinel": "Valkey", "redlocks": "Redlock",
        "valkey": "Valkey", "valkeys": "Valkey", "etcd": "etcd", "etcds": "etcd", "zookeeper": "ZooKeeper",
        "zookeepers": "ZooKeeper", "zk": "ZooKeeper", "zks": "ZooKeeper", "consul": "Consul",
        "lockstead": "Lockstead service", "locksteads": "Lockstead service",
    ]

    static func named(_ scheme: String) -> String? { names[scheme] }
}
