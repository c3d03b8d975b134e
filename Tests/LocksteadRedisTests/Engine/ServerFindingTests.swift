import Lockstead
import Testing

@testable import LocksteadRedis

@Suite("What a server's INFO means for locks")
struct ServerFindingTests {
    private static let good = """
        # Server\r
        redis_version:7.0.15\r
        role:master\r
        connected_slaves:0\r
        cluster_enabled:0\r
        maxmemory:1000000\r
        maxmemory_policy:noeviction\r
        aof_enabled:1\r
        aof_last_write_status:ok\r
        """

    private func verdicts(_ changes: [String: String], accepting: Bool = false) -> [String: ServerFinding.Verdict] {
        var report = ServerReport(info: Self.good)
        for (field, value) in changes { report.fields[field] = value }
        let findings = ServerFinding.all(of: report, acceptsEviction: accepting)
        return Dictionary(findings.map { ($0.subject, $0.verdict) }, uniquingKeysWith: { first, _ in first })
    }

    @Test("A server that keeps everything is fit")
    func fit() {
        let verdicts = verdicts([:])
        #expect(verdicts["version"] == .good && verdicts["role"] == .good && verdicts["eviction"] == .good)
        #expect(verdicts["replicas"] == .good && !verdicts.values.contains(.refusal))
    }

    @Test("A server that throws keys away is refused, unless that is accepted or it has no limit")
    func eviction() {
        for policy in ["allkeys-lru", "volatile-ttl", "volatile-lru", "allkeys-random"] {
            #expect(verdicts(["maxmemory_policy": policy])["eviction"] == .refusal)
            #expect(verdicts(["maxmemory_policy": policy], accepting: true)["eviction"] == .warning)
            #expect(verdicts(["maxmemory_policy": policy, "maxmemory": "0"])["eviction"] == .warning)
        }
    }

    @Test("Replicas, cluster nodes and old servers are refused")
    func refused() {
        #expect(verdicts(["role": "slave"])["role"] == .refusal)
        #expect(verdicts(["cluster_enabled": "1"])["role"] == .refusal)
        #expect(verdicts(["redis_version": "5.0.14"])["version"] == .refusal)
        #expect(verdicts(["redis_version": "6.0.0"])["version"] == .good)
    }

    @Test("What is not durable or may fail over is a warning")
    func warned() {
        #expect(verdicts(["aof_enabled": "0"])["persistence"] == .warning)
        #expect(verdicts(["connected_slaves": "2"])["replicas"] == .warning)
    }

    @Test("What a server does not tell is unknown, and no reason to refuse it")
    func unknown() {
        var report = ServerReport(info: "")
        report.refusal = "NOPERM"
        let findings = ServerFinding.all(of: report, acceptsEviction: false)
        #expect(findings.allSatisfy { $0.verdict == .unknown && $0.fact.contains("NOPERM") })
    }
}
