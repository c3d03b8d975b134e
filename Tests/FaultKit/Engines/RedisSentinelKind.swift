import Lockstead
package import TestServers

/// A primary with two replicas and three sentinels.
package struct RedisSentinelKind: EngineKind {
    package let name: String
    package let lease = Duration.seconds(3)
    /// Its clients reach many servers, each by its own way: no relay stands before them.
    package let hasNetwork = false
    package let faults: [FaultID] = [
        .clientPaused, .clientKilled, .clientClock, .answerLost, .primaryReplaced, .acknowledgedReplaced,
    ]
    private let kind: RedisServer.Kind

    /// - Parameters:
    ///   - name: As on the command line.
    ///   - kind: The server.
    package init(name: String = "redis-sentinel", kind: RedisServer.Kind = .redis) {
        (self.name, self.kind) = (name, kind)
    }

    /// What a replica has not been sent when it takes over, it grants again (docs/backends/redis-ha.md).
    package func modes(of fault: FaultID) -> [FaultMode] {
        switch fault {
        case .primaryReplaced:
            [
                FaultMode("killed, replicas in step"), FaultMode("stopped, replicas in step"),
                FaultMode("killed, replicas behind", .forgets), FaultMode("partition"),
            ]
        case .acknowledgedReplaced:
            [
                FaultMode("killed, acknowledged"), FaultMode("stopped, acknowledged"),
                FaultMode("partition, acknowledged"),
            ]
        default: [FaultMode("in step")]
        }
    }

    package func start(_ mode: FaultMode, in folder: String) async throws -> any EngineUnderFault {
        let isSplit = mode.name.contains("partition")
        let site = isSplit ? try await RemoteSite() : nil
        do {
            let servers = try await SentinelServers(kind, place: site?.near ?? .loopback, site: site?.far)
            return RedisSentinelUnderFault(servers, site, isAcknowledged: mode.name.contains("acknowledged"))
        } catch let error as ServerError {
            site?.end()
            throw Obstacle(error.description)
        }
    }
}
