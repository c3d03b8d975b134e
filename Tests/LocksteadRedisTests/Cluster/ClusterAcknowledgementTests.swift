import Lockstead
import LocksteadTesting
import Logging
import RESP
import TestServers
import Testing

@testable import LocksteadRedis

@Suite("Acknowledgement by replicas of a real cluster", .serialized)
struct ClusterAcknowledgementTests {
    @Test("R38: what follows a command is asked where the command was carried out, also after a redirection")
    func redirected() async throws {
        let servers = try await RedisClusterServers()
        defer { servers.kill() }
        try await withCluster(servers) { cluster in
            try await cluster.set("a", "1")
            // The next primary's replica gets nothing; the first one's would acknowledge.
            let target = try servers.otherPrimary(than: try servers.primary(of: "a"))
            try servers.stopReplication(from: target)
            try await servers.moveSlot(of: "a", to: target)
            var write = RedisCommand("SET")
            write.append(key: "a")
            write.append("2")
            let wait = RedisCommand("WAIT", "1", "200").following(write)
            let answers = await cluster.pipeline([write, wait], deadline: nil)
            #expect(try answers[0].get().isOK)
            #expect(try answers[1].get().integer == 0)
        }
    }

    @Test("R38: with an acknowledgement asked for, no lock is granted that a replica lacks, and nothing is left of it")
    func refused() async throws {
        let servers = try await RedisClusterServers()
        defer { servers.kill() }
        var engine = servers.engine
        engine.acknowledgements = 1
        try servers.stopReplication(from: try servers.primary(of: "a"))
        try await LockClient.with(.redis(engine), logger: .quiet) { (client) async throws in
            await #expect(throws: LockError.self) {
                try await client.withLock("a", waitingAtMost: .seconds(1)) { _ in }
            }
            #expect(try await client.tryWithLock("b") { _ in true } == true)
            let isFree = try await eventually { try await client.inspect("a") == nil }
            #expect(isFree)
        }
    }
}
