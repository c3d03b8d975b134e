import LocksteadTesting
import Testing
import TestServers

/// A Redis or Valkey cluster that all stores of a suite share, each under a prefix of its own.
struct RedisClusterConformance: ConformanceFixture {
    let engine = "redis"
    let kind: RedisServer.Kind
    let servers: RedisClusterServers
    let store: Int

    func makeStore() async throws -> any ConformanceStore {
        let scheme = kind == .valkey ? "valkey+cluster" : "redis+cluster"
        return ServerStore(url: "\(scheme)://\(servers.authority)?prefix=test\(store):") {}
    }
}

/// Has a cluster run while a suite does.
struct RunningCluster: SuiteTrait, TestScoping {
    @TaskLocal static var servers: RedisClusterServers?
    let kind: RedisServer.Kind

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let servers = try await RedisClusterServers(kind)
        defer { servers.kill() }
        try await Self.$servers.withValue(servers) { try await function() }
    }
}

extension Trait where Self == RunningCluster {
    /// A cluster for the whole suite.
    static func cluster(_ kind: RedisServer.Kind) -> Self { RunningCluster(kind: kind) }
}

@Suite("Conformance of a Redis cluster", .serialized, .cluster(.redis))
struct RedisClusterTests {
    @Test("Every case holds on a cluster", arguments: ConformanceSuite.cases.indices)
    func conforms(index: Int) async throws { try await ClusterCase.run(index, on: .redis) }
}

@Suite(
    "Conformance of a Valkey cluster", .serialized, .enabled(if: RedisServer.Kind.valkey.isRequired), .cluster(.valkey))
struct ValkeyClusterTests {
    @Test("Every case holds on a cluster", arguments: ConformanceSuite.cases.indices)
    func conforms(index: Int) async throws { try await ClusterCase.run(index, on: .valkey) }
}

/// One case on the suite's cluster.
enum ClusterCase {
    static func run(_ index: Int, on kind: RedisServer.Kind) async throws {
        let testCase = ConformanceSuite.cases[index]
        let servers = try #require(RunningCluster.servers)
        let fixture = RedisClusterConformance(kind: kind, servers: servers, store: index)
        let result = await ConformanceSuite.run(testCase, on: fixture)
        if case .failed(let why) = result.verdict { Issue.record("\(testCase.id): \(testCase.sentence): \(why)") }
    }
}
