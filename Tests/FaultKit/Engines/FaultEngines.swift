import TestServers

/// The engines that faults can be brought to; a new one is one line here.
package enum FaultEngines {
    private static let all: [any EngineKind] = [
        FileKind(), RedisKind(), RedisKind(name: "valkey", program: "valkey-server"),
        RedisSentinelKind(), RedisClusterKind(), RedisClusterKind(name: "valkey-cluster", kind: .valkey), RedlockKind(),
        EtcdKind(), ZooKeeperKind(),
    ]

    /// As on the command line.
    package static var names: [String] { all.map(\.name) }

    package static func named(_ name: String) -> (any EngineKind)? { all.first { $0.name == name } }
}
