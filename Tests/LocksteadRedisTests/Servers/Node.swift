import Lockstead
import Logging
import RESP
import TestServers

@testable import LocksteadRedis

/// Runs a node against a server while `body` runs.
func withNode<R: Sendable>(
    _ configuration: RedisConfiguration, _ body: (RedisNode) async throws -> R
) async throws -> R {
    let context = EngineContext(logger: Logger(label: "test"), time: SystemTimeSource())
    let node = RedisNode(configuration.endpoints[0], configuration: configuration, context: context)
    // Awaited below, whatever the body does.
    let running = Task { await node.run() }
    let result: Result<R, any Error>
    do { result = .success(try await body(node)) } catch { result = .failure(error) }
    running.cancel()
    await running.value
    return try result.get()
}

extension RedisServer {
    /// How to reach it, without log-in.
    var configuration: RedisConfiguration {
        var configuration = RedisConfiguration(endpoints: [.host("127.0.0.1", port: port)])
        guard let certificates else { return configuration }
        var tls = TLSSettings()
        tls.authorityFile = certificates.authority
        configuration.tls = tls
        return configuration
    }
}

/// What went wrong, or `nil`.
func failure<R>(_ body: () async throws(RedisError) -> R) async -> RedisError? {
    do throws(RedisError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

extension RedisCommand {
    /// Words separated by spaces.
    init(words: String) {
        self.init("EVAL")
        self = replacing(first: 1, with: words.split(separator: " ").map(String.init))
        precondition(argumentCount == words.split(separator: " ").count)
    }
}

extension RedisNode {
    /// Sends words separated by spaces.
    @discardableResult
    func say(_ words: String, within patience: Duration = .seconds(10)) async throws(RedisError) -> RESPValue {
        try await send(RedisCommand(words: words), deadline: SystemTimeSource().now.advanced(by: patience))
    }
}

/// Looks until something is so, for at most ten seconds.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<1_000 {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}
