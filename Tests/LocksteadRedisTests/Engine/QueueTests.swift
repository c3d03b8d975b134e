import Lockstead
import RESP
import Testing
import TestServers

@testable import LocksteadRedis

/// The queue in the scripts: what dead waiters and withdrawn requests leave in it.
@Suite("The queue on a real server")
struct QueueTests {
    @Test("A withdrawn request counts for nothing: not as overtaken, not as a waiter, not for ever")
    func marks() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let holder = try await bench.hold("a")
            try await bench.backend.cancel(try bench.request("a"), deadline: bench.soon)
            try await withThrowingTaskGroup(of: LockRequest.self) { group in
                var order: [RequestID] = []
                for count in 1...20 {
                    let request = try bench.request("a")
                    order.append(request.id)
                    group.addTask {
                        let grant = try await bench.take(request)
                        _ = try await bench.release(grant)
                        return request
                    }
                    #expect(try await eventually { try await bench.waiters(of: "a") == count })
                }
                let places = try await bench.places(in: "a")
                #expect(places.filter { $0.hasPrefix("500") }.count == 20, "\(places.map { $0.prefix(3) })")
                let fields = try await bench.node.say("HKEYS {a}:records").elements?.compactMap(\.text) ?? []
                #expect(!fields.contains { $0.hasPrefix("overtaken:") })
                _ = try await bench.release(holder)
                try await group.waitForAll()
            }
        }
    }

    @Test("The marks of withdrawn requests that are over go, even where the queue never empties")
    func oldMarks() async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let holder = try await bench.hold("a")
            async let waiting = bench.take(try bench.request("a"))
            #expect(try await eventually { try await bench.waiters(of: "a") == 1 })
            for _ in 0..<50 { try await Self.withdraw(for: 1, bench) }
            // Of the server's time: the marks made so far are over then, and nothing tells so.
            try await Task.sleep(for: .milliseconds(5))
            for _ in 0..<50 { try await Self.withdraw(for: 60_000, bench) }
            #expect(try await bench.places(in: "a").count == 51, "one waits, and fifty may still arrive")
            _ = try await bench.release(holder)
            _ = try await bench.release(try await waiting)
        }
    }

    private static func withdraw(for milliseconds: Int, _ bench: Bench) async throws {
        let request = try bench.request("a")
        var call = bench.backend.freeingCall(LockScripts.cancel, try bench.backend.keys(of: request.names))
        call.append(request.id.description)
        call.append(milliseconds)
        _ = try await bench.node.run(call)
    }

    @Test("Dead waiters do not pile up, in either way of sharing", arguments: RedisEngine.Sharing.allCases)
    func deadWaiters(sharing: RedisEngine.Sharing) async throws {
        try await withBench(try await RedisServer(), sharing: sharing) { (bench) async throws in
            let holder = try await bench.hold("a")
            for _ in 0..<30 { try await Self.waitAndDie(bench) }
            // Of the server's time: the waiters are dead then, and nothing tells so.
            try await Task.sleep(for: .milliseconds(5))
            async let waiting = bench.take(try bench.request("a"))
            #expect(try await eventually { try await bench.waiters(of: "a") == 1 })
            #expect(try await bench.release(holder) == .released)
            #expect(try await bench.release(try await waiting) == .released)
            #expect(try await bench.places(in: "a").isEmpty)
        }
    }

    /// A waiter that is silent from the first millisecond on.
    private static func waitAndDie(_ bench: Bench) async throws {
        let request = try bench.request("a")
        var call = bench.backend.freeingCall(LockScripts.acquire, try bench.backend.keys(of: request.names))
        let words = [
            request.id.description, request.owner.description, "x", request.fairness == .fair ? "f" : "b", "1000", "0",
            "0", "0", "1", "1", "nobody", "-", "0", "10000", ",0,,", "0",
        ]
        for word in words { call.append(word) }
        _ = try await bench.node.run(call)
    }
}
