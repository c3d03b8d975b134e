import Lockstead
import RESP
import Testing
import TestServers

@testable import LocksteadRedis

/// Servers that stop taking writes while locks are held: what is refused did not happen, and what is held is not called lost.
@Suite("Refusals of a real server", .serialized)
struct ServerRefusalTests {
    struct Refusal: Sendable, CustomTestStringConvertible {
        let make: String
        let undo: String
        let code: LockError.Code
        var testDescription: String { make }
    }

    private static let refusals = [
        Refusal(make: "CONFIG SET maxmemory 1", undo: "CONFIG SET maxmemory 0", code: .engineUnavailable),
        Refusal(
            make: "CONFIG SET min-replicas-to-write 1", undo: "CONFIG SET min-replicas-to-write 0",
            code: .engineUnavailable),
        Refusal(make: "REPLICAOF 127.0.0.1 1", undo: "REPLICAOF NO ONE", code: .unsuitableStorage),
    ]

    @Test(
        "Out of memory, out of replicas, read-only: nothing happened, nothing is lost, and all goes on afterwards",
        arguments: RedisServer.Kind.required, refusals)
    func refused(kind: RedisServer.Kind, refusal: Refusal) async throws {
        try await withBench(try await RedisServer(kind)) { (bench) async throws in
            let held = try await bench.hold("held")
            try await bench.node.say(refusal.make)
            let failure = await #expect(throws: LockError.self) { try await bench.hold("a") }
            #expect(failure?.code == refusal.code)
            #expect(failure?.effect == .didNotHappen)
            guard case .unknown = await bench.backend.renew([held], deadline: bench.soon)[0] else {
                Issue.record("a renewal that was refused says more than it knows")
                return
            }
            try await bench.node.say(refusal.undo)
            #expect(try await bench.node.say("EXISTS a").integer == 0)
            #expect(await bench.isRenewed(held))
            #expect(try await bench.release(held) == .released)
            #expect(try await bench.release(try await bench.hold("a")) == .released)
        }
    }

    @Test(
        "A key of another type where a lock looks first is told as that, and takes nothing",
        arguments: ["a", "{a}:fence", "{a}:queue"])
    func wrongType(key: String) async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            try await bench.node.say(key.hasSuffix("queue") ? "SET \(key) x" : "RPUSH \(key) x")
            let failure = await #expect(throws: LockError.self) { try await bench.take(try bench.request("a")) }
            #expect(failure?.code == .kindMismatch)
            #expect(failure?.effect == .didNotHappen)
            try await bench.node.say("DEL \(key)")
            #expect(try await bench.release(try await bench.hold("a")) == .released)
        }
    }

    @Test("Connections that are killed and scripts that are flushed cost no lock and no waiter")
    func killed() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let held = try await bench.hold("a")
            async let waiting = bench.take(try bench.request("a"))
            #expect(try await eventually { try await bench.waiters(of: "a") == 1 })
            for kind in ["pubsub", "normal"] {
                // Ours may be the one that is killed.
                _ = try? await bench.node.say("CLIENT KILL TYPE \(kind) SKIPME yes")
                _ = try? await bench.node.say("SCRIPT FLUSH")
            }
            #expect(try await eventually { await bench.isRenewed(held) })
            #expect(try await bench.release(held) == .released)
            #expect(try await bench.release(try await waiting) == .released)
        }
    }
}
