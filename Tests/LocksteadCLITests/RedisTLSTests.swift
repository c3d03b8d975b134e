import Foundation
import Testing
import TestServers

/// The program with TLS on every set of Redis servers: each connection, to those that were found too, is checked.
@Suite("The program with TLS behind sentinels, on a cluster and on Redlock", .serialized, .timeLimit(.minutes(5)))
struct RedisTLSTests {
    private let lockstead: LocksteadProgram
    init() throws { lockstead = try LocksteadProgram() }

    @Test("Every command works behind sentinels, those of the servers that a failover brings too")
    func sentinels() async throws {
        let servers = try await SentinelServers(tls: true)
        defer { servers.kill() }
        let authority = try #require(servers.certificates?.authority)
        let engine = servers.url("?ca=\(authority)")
        try await ProgramTour(lockstead: lockstead, engine: engine).takeEveryCommand()
        servers.servers[0].kill()
        let done = try await lockstead.run("exec", "a", "--wait", "20s", "--", "true", engine: engine)
        #expect(done.code == 0, "\(done)")
        try await refuses(servers.url())
    }

    @Test("Every command works on a cluster, whichever node has the name", arguments: RedisServer.Kind.required)
    func cluster(kind: RedisServer.Kind) async throws {
        let servers = try await RedisClusterServers(kind, replicas: false, tls: true)
        defer { servers.kill() }
        let authority = try #require(servers.certificates?.authority)
        let engine = "rediss+cluster://127.0.0.1:\(servers.nodes[0].port)?ca=\(authority)"
        try await ProgramTour(lockstead: lockstead, engine: engine).takeEveryCommand()
        for name in (0..<6).map({ "name\($0)" }) {
            #expect(try await lockstead.run("exec", name, "--", "true", engine: engine).code == 0)
        }
        try await refuses("rediss+cluster://127.0.0.1:\(servers.nodes[0].port)")
    }

    @Test("Redlock's nodes are reached and told apart from strangers")
    func redlock() async throws {
        let certificates = try TestCertificates(in: ServerProcess.makeFolder())
        var servers: [RedisServer] = []
        for _ in 0..<3 { servers.append(try await RedisServer(tls: true, certificates: certificates)) }
        defer { for server in servers { server.kill() } }
        let url = "redlocks://" + servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        let engine = "\(url)?ca=\(certificates.authority)&quarantine=1s"
        let holder = try lockstead.start(["exec", "a", "--", "sh", "-c", "echo held; cat"], engine: engine)
        try await holder.outputs("held")
        #expect(try await lockstead.run("exec", "a", "--no-wait", "--", "true", engine: engine).code == 75)
        holder.closeInput()
        #expect(try await holder.result().code == 0)
        #expect(try await lockstead.run("exec", "a", "--", "true", engine: engine).code == 0)
        let doctor = try await lockstead.run("doctor", engine: engine)
        #expect(doctor.code == 0 && doctor.output.contains("3 of 3 nodes answer"), "\(doctor)")
        try await refuses(url)
    }

    /// Without the authority nobody is trusted.
    private func refuses(_ engine: String) async throws {
        let result = try await lockstead.run("exec", "a", "--wait", "2s", "--", "true", engine: engine)
        #expect(result.code != 0 && result.output.isEmpty, "\(result)")
    }
}
