import Lockstead
package import TestServers

/// A cluster of three primaries with a replica each.
package struct RedisClusterKind: EngineKind {
    package let name: String
    package let lease = Duration.seconds(3)
    /// Its clients reach many servers, each by its own way: no relay stands before them.
    package let hasNetwork = false
    package let faults: [FaultID] = [.clientPaused, .clientKilled, .clientClock, .answerLost, .clusterChanged]
    private let kind: RedisServer.Kind

    /// - Parameters:
    ///   - name: As on the command line.
    ///   - kind: The server.
    package init(name: String = "redis-cluster", kind: RedisServer.Kind = .redis) {
        (self.name, self.kind) = (name, kind)
    }

    /// What a replica has not been sent when it takes over, it grants again (docs/backends/redis-cluster.md).
    package func modes(of fault: FaultID) -> [FaultMode] {
        guard fault == .clusterChanged else { return [FaultMode("in step")] }
        return [
            FaultMode("hot slot resharded"), FaultMode("primary killed, replica in step"),
            FaultMode("primary stopped, replica in step"), FaultMode("primary killed, replica behind", .forgets),
            FaultMode("primary stopped, replica behind", .forgets),
        ]
    }

    package func start(_ mode: FaultMode, in folder: String) async throws -> any EngineUnderFault {
        do {
            return RedisClusterUnderFault(try await RedisClusterServers(kind))
        } catch let error as ServerError {
            throw Obstacle(error.description)
        }
    }
}
