import Testing

@testable import LocksteadRedis

struct ClusterFindingTests {
    private static let engine: RedisEngine = {
        var engine = RedisEngine(RedisConfiguration(endpoints: [.host("h", port: 1)]))
        engine.topology = .cluster
        return engine
    }()

    private static func report(_ server: String, _ lines: String...) -> ServerReport {
        let usual = ["redis_version:7.0.15", "role:master", "cluster_enabled:1", "maxmemory:0"]
        var report = ServerReport(info: (usual + ["maxmemory_policy:noeviction"] + lines).joined(separator: "\n"))
        report.server = server
        return report
    }

    private static func verdict(_ subject: String, _ reports: ServerReport...) -> ServerFinding? {
        ServerFinding.all(of: reports, as: engine).first { $0.subject == subject }
    }

    @Test("A node of a cluster is what a cluster is made of; a server that is none, or too old, is refused")
    func roles() {
        #expect(Self.verdict("role", Self.report("a"))?.verdict == .good)
        #expect(Self.verdict("role", Self.report("a", "cluster_enabled:0"))?.verdict == .refusal)
        #expect(Self.verdict("role", Self.report("a", "role:slave"))?.verdict == .warning)
        #expect(Self.verdict("version", Self.report("a"))?.verdict == .good)
        #expect(Self.verdict("version", Self.report("a", "redis_version:6.2.14"))?.verdict == .refusal)
    }

    @Test("Of several servers the worst is told, and which one it is")
    func worst() {
        let full = Self.report("b:2", "maxmemory:100", "maxmemory_policy:allkeys-lru")
        let finding = Self.verdict("eviction", Self.report("a:1"), full, Self.report("c:3"))
        #expect(finding?.verdict == .refusal)
        #expect(finding?.fact.hasPrefix("b:2: ") ?? false)
    }
}
