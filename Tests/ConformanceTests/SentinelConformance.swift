import LocksteadTesting
import Synchronization
import Testing
import TestServers

/// Redis behind its sentinels: one set of servers for all cases, a prefix for each store.
struct SentinelConformance: ConformanceFixture {
    let engine = "redis"
    private let servers: SentinelServers
    private static let stores = Atomic(0)

    init(servers: SentinelServers) { self.servers = servers }

    func makeStore() async throws -> any ConformanceStore {
        let number = Self.stores.add(1, ordering: .relaxed).newValue
        return ServerStore(url: servers.url("?prefix=test\(number):")) {}
    }
}

@Suite("Conformance of Redis behind sentinels", .serialized)
struct SentinelConformanceTests {
    @Test("Every case holds behind sentinels")
    func conforms() async throws {
        // No case is about a failover: a machine that is busy for a second is none.
        let servers = try await SentinelServers(downAfter: 10_000)
        defer { servers.kill() }
        let fixture = SentinelConformance(servers: servers)
        for testCase in ConformanceSuite.cases {
            let result = await ConformanceSuite.run(testCase, on: fixture)
            if case .failed(let why) = result.verdict { Issue.record("\(testCase.id) \(testCase.sentence): \(why)") }
        }
    }
}
