import Lockstead
import RESP
import Testing
import TestServers

@testable import LocksteadRedis

/// Locks as other programs take them: `SET NX PX` with a value of their own, released by comparing it.
@Suite("Names shared with other programs")
struct ForeignTests {
    @Test("Theirs keeps us out, and nothing of ours touches it", arguments: RedisEngine.Sharing.allCases)
    func theirs(sharing: RedisEngine.Sharing) async throws {
        try await withBench(try await RedisServer(), sharing: sharing) { (bench) async throws in
            let ours = try await bench.hold("a")
            #expect(try await bench.release(ours) == .released)
            try await bench.node.say("SET a theirs NX PX 60000")
            for mode in [LockMode.exclusive, .shared, .permits(count: 1, limit: 9)] {
                let request = try bench.request("a", mode: mode, wait: .never)
                guard case .busy(let view) = try await bench.backend.acquire(request) else {
                    Issue.record("\(mode) was granted")
                    continue
                }
                #expect(view?.holders.first?.token.rawValue == 0)
                try await bench.backend.cancel(request, deadline: bench.soon)
            }
            #expect(try await bench.release(ours) == .lost(.expired))
            #expect(await bench.loss(of: ours) == .superseded)
            await #expect(throws: LockError.self) { try await bench.backend.downgrade(ours, deadline: bench.soon) }
            for isImmediate in [true, false] {
                let refusal = await #expect(throws: LockError.self) {
                    try await bench.backend.forceRelease(
                        ours.names[0], reason: "", now: isImmediate, deadline: bench.soon)
                }
                #expect(refusal?.code == .unsupported)
            }
            #expect(try await bench.node.say("GET a").text == "theirs")
            let rest = try await bench.node.say("PTTL a").integer ?? 0
            #expect(rest > 50_000 && rest <= 60_000, "neither shortened nor extended: \(rest)")
        }
    }

    @Test("Ours keeps them out, in every mode, and is gone for them once it is released")
    func ours() async throws {
        try await withBench(try await RedisServer(), sharing: .foreign) { (bench) async throws in
            let (permits, one) = (LockMode.permits(count: 9, limit: 9), LockMode.permits(count: 1, limit: 9))
            for (mode, next) in [(LockMode.exclusive, LockMode.shared), (.shared, .exclusive), (permits, one)] {
                let held = try await bench.take(try bench.request("a", mode: mode))
                #expect(try await bench.node.say("SET a theirs NX PX 60000").isNull, "\(mode)")
                async let waiting = bench.take(try bench.request("a", mode: next))
                #expect(try await eventually { try await bench.waiters(of: "a") == 1 })
                #expect(try await bench.release(held) == .released)
                #expect(try await bench.release(try await waiting) == .released)
                #expect(try await bench.node.say("SET a theirs NX PX 60000").text == "OK")
                try await bench.node.say("DEL a")
            }
        }
    }

    @Test("A client needs no option of its own to wait for theirs; who insists on an order is told that there is none")
    func defaults() async throws {
        let server = try await RedisServer()
        try server.ask("SET", "a", "theirs", "NX", "PX", "500")
        var engine = RedisEngine(server.configuration)
        engine.sharing = .foreign
        try await LockClient.with(.redis(engine)) { client in
            let value = try await client.withLock("a") { _ in try server.ask("GET", "a") }
            #expect(value.hasPrefix("lockstead:1 x h "))
            let led = try await client.election("leader").withLeadership(waitingAtMost: .seconds(5)) { _ in true }
            #expect(led)
            let refusal = await #expect(throws: LockError.self) {
                try await client.withLock("a", fairness: .fair) { _ in }
            }
            #expect(refusal?.code == .unsupported)
        }
    }

    @Test("Their lock's end wakes the first who waits when it is due, and their release within a second (L3)")
    func theirEnd() async throws {
        try await withBench(try await RedisServer(), sharing: .foreign) { (bench) async throws in
            let before = try await bench.hold("a")
            #expect(try await bench.release(before) == .released)
            try await bench.node.say("SET a theirs NX PX 600")
            let start = bench.time.now
            let after = try await bench.take(try bench.request("a"))
            let ended = start.duration(to: bench.time.now)
            #expect(ended > .milliseconds(590) && ended < .milliseconds(950), "\(ended)")
            #expect(after.token > before.token)
            #expect(try await bench.release(after) == .released)
            try await bench.node.say("SET a theirs NX")
            async let waiting = bench.take(try bench.request("a"))
            #expect(try await eventually { try await bench.waiters(of: "a") == 1 })
            try await bench.node.say("DEL a")
            let free = bench.time.now
            #expect(try await bench.release(try await waiting) == .released)
            let noticed = free.duration(to: bench.time.now)
            #expect(noticed < .milliseconds(1_500), "\(noticed)")
            print("foreign: an expiry was noticed after \(ended), a release after \(noticed)")
        }
    }

    @Test("A holder whose key they took by force learns it, and frees nothing of theirs")
    func takenOver() async throws {
        try await withBench(try await RedisServer(), sharing: .foreign) { (bench) async throws in
            for mode in [LockMode.exclusive, .shared] {
                let held = try await bench.take(try bench.request("a", mode: mode))
                try await bench.node.say("SET a theirs PX 60000")
                #expect(await bench.loss(of: held) == .superseded)
                #expect(try await bench.release(held) == .lost(.expired))
                #expect(try await bench.node.say("GET a").text == "theirs")
                try await bench.node.say("DEL a")
            }
            #expect(try await bench.release(try await bench.hold("a")) == .released)
        }
    }
}
