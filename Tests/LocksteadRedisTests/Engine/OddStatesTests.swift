import Lockstead
import RESP
import Testing
import TestServers

@testable import LocksteadRedis

/// States that nobody plans for: keys that were touched by hand, servers that change their mind, terms beyond reason.
@Suite("Odd states of a real server")
struct OddStatesTests {
    @Test("A lock whose key was made to last for ever ends with its lease all the same")
    func persisted() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            _ = try await bench.take(try bench.request("a", lease: .seconds(1)))
            try await bench.node.say("PERSIST a")
            let patience = LockRequest.Wait.until(bench.time.now.advanced(by: .seconds(5)))
            #expect(try await bench.release(try await bench.take(try bench.request("a", wait: patience))) == .released)
        }
    }

    @Test("A lease that runs into its lock-delay has expired: nobody else has the lock")
    func delayed() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let terms = HoldTerms(lockDelay: .seconds(30))
            let grant = try await bench.take(try bench.request("a", lease: .seconds(1), terms: terms))
            #expect(try await eventually { try await bench.inspect("a")?.holders.first?.phase == .lockDelay })
            #expect(await bench.loss(of: grant) == .expired)
        }
    }

    @Test("A cap on the hold beyond every clock is no cap")
    func endlessCap() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let terms = HoldTerms(maximumHold: .seconds(Int64.max))
            let grant = try await bench.take(try bench.request("a", terms: terms))
            #expect(await bench.isRenewed(grant))
            #expect(try await bench.inspect("a")?.holders.map(\.token) == [grant.token])
            #expect(try await bench.release(grant) == .released)
        }
    }

    @Test("Readers whose records someone deleted can be released by force")
    func withoutRecords() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            _ = try await bench.take(try bench.request("a", mode: .shared))
            try await bench.node.say("DEL {a}:records")
            _ = try await bench.backend.forceRelease(try LockName("a"), reason: "", now: true, deadline: bench.soon)
            #expect(try await bench.release(try await bench.hold("a")) == .released)
        }
    }

    @Test("A server that was refused is taken once it is fit, without a new connection")
    func fitLater() async throws {
        let port = try Loopback.freePort()
        try await withBench(try await RedisServer(options: ["--replicaof", "127.0.0.1 \(port)"])) {
            (bench) async throws in
            let refusal = await #expect(throws: LockError.self) { try await bench.hold("a") }
            #expect(refusal?.code == .unsuitableStorage)
            try await bench.node.say("REPLICAOF NO ONE")
            // While it is refused there is nothing else to be told.
            #expect(try await eventually { (try? await bench.hold("a")) != nil })
        }
    }

    @Test("A server that falls silent before it answers once says nothing of a holder")
    func silent() async throws {
        let server = try await RedisServer()
        try await withBench(server) { (bench) async throws in
            #expect(try await bench.release(try await bench.hold("a")) == .released)
            let asked = bench.client.count(of: LockScripts.acquire)
            server.pause()
            let start = bench.time.now
            let request = try bench.request("a", wait: .until(start.advanced(by: .milliseconds(200))))
            let failure = await #expect(throws: LockError.self) { try await bench.backend.acquire(request) }
            let elapsed = start.duration(to: bench.time.now)
            server.resume()
            #expect(failure?.effect == .mayHaveHappened)
            #expect(bench.client.count(of: LockScripts.acquire) == asked + 1, "asked again after its deadline (L5)")
            print("silent server: a wait of 200 ms took \(elapsed)")
        }
    }

    @Test("A user that may not publish is refused before anything is locked")
    func mute() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            try await bench.node.say("ACL SETUSER mute on >secret ~* resetchannels +@all")
            var configuration = bench.backend.engine.configuration
            (configuration.user, configuration.password) = ("mute", "secret")
            let engine = LockEngine.redis(RedisEngine(configuration))
            try await LockClient.with(engine) { client in
                let failure = await #expect(throws: LockError.self) { try await client.withLock("a") { _ in } }
                #expect(failure?.code == .permissionDenied)
            }
            #expect(try await bench.node.say("EXISTS a").integer == 0)
        }
    }

    @Test("Run twice, it says so and goes on")
    func runTwice() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            #expect(try await bench.release(try await bench.hold("a")) == .released)
            let failure = await #expect(throws: LockError.self) { try await bench.backend.run() }
            #expect(failure?.effect == .didNotHappen)
            #expect(try await bench.release(try await bench.hold("a")) == .released)
        }
    }
}
