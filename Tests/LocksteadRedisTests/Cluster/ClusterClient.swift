import Lockstead
import Logging
import RESP
import TestServers
import Testing

@testable import LocksteadRedis

extension RedisClusterServers {
    /// How to reach it, by two of its nodes.
    var configuration: RedisConfiguration {
        RedisConfiguration(endpoints: nodes.prefix(2).map { .host("127.0.0.1", port: $0.port) })
    }

    /// An engine with all the defaults.
    var engine: RedisEngine {
        var engine = RedisEngine(configuration)
        engine.topology = .cluster
        return engine
    }
}

/// Runs a client of a cluster while `body` does.
func withCluster<R: Sendable>(
    _ servers: RedisClusterServers, _ body: (RedisCluster) async throws -> R
) async throws -> R {
    let context = EngineContext(logger: Logger(label: "test"), time: SystemTimeSource())
    let cluster = RedisCluster(servers.configuration, context: context)
    // Awaited below, whatever the body does.
    let running = Task { await cluster.run() }
    let result: Result<R, any Error>
    do { result = .success(try await body(cluster)) } catch { result = .failure(error) }
    running.cancel()
    await running.value
    return try result.get()
}

extension RedisCluster {
    func set(_ key: String, _ value: String, within patience: Duration = .seconds(10)) async throws(RedisError) {
        var command = RedisCommand("SET")
        command.append(key: key)
        command.append(value)
        _ = try await send(command, deadline: SystemTimeSource().now.advanced(by: patience))
    }

    func get(_ key: String) async throws(RedisError) -> String? { try await send(.get(key)).text }
}

extension RedisCommand {
    static func get(_ key: String) -> RedisCommand {
        var command = RedisCommand("GET")
        command.append(key: key)
        return command
    }
}
