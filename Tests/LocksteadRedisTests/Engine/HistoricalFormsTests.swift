import Lockstead
import Logging
import RESP
import Synchronization
import Testing
import TestServers

@testable import LocksteadRedis

/// The forms that are still in use, each run against a real server until it fails as it must; and ours beside it.
@Suite("Historical forms of a lock on Redis", .serialized)
struct HistoricalFormsTests {
    @Test("SETNX, then EXPIRE: a crash between the two leaves a lock for ever")
    func crashBetween() async throws {
        try await withServer { node, _ in
            #expect(try await node.say("SETNX lock me").integer == 1)
            // Here the process dies.
            #expect(try await node.say("PTTL lock").integer == -1, "it would have ended by itself")
            #expect(try await node.say("SETNX lock other").integer == 0, "and nobody gets it ever again")
        }
    }

    @Test("DEL without a look: a slow holder lets others in, and ten buyers get one order")
    func deleteWithoutLook() async throws {
        try await withServer { node, _ in
            let inside = Inside()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for buyer in 0..<10 {
                    group.addTask {
                        while !(try await node.say("SET order \(buyer) NX PX 30").isOK) {
                            try await Task.sleep(for: .milliseconds(2))
                        }
                        inside.enter()
                        // The work takes longer than the lock.
                        try await Task.sleep(for: .milliseconds(60))
                        inside.leave()
                        _ = try await node.say("DEL order")
                    }
                }
                try await group.waitForAll()
            }
            #expect(inside.most > 1, "nobody was inside beside another, so it proves nothing")
        }
    }

    @Test("DEL without a look: a counter of 1,000 increments loses counts, and ours loses none")
    func counter() async throws {
        let lost = try await withServer { node, _ in
            try await count { body in
                while !(try await node.say("SET counter-lock me NX PX 5").isOK) {
                    try await Task.sleep(for: .milliseconds(1))
                }
                try await body()
                _ = try await node.say("DEL counter-lock")
            }
        }
        #expect(lost > 0, "the form lost nothing, so it proves nothing")
        let ours = try await withServer { _, server in
            try await LockClient.with(.redis(RedisEngine(server.configuration))) { client in
                try await count { body in try await client.withLock("counter") { _ in try await body() } }
            }
        }
        #expect(ours == 0)
    }

    @Test("A time as the value, taken over with GETSET: who comes too late moves the time of who was first")
    func getSet() async throws {
        try await withServer { node, _ in
            // The lock has run out; both read that.
            _ = try await node.say("SET lock 100")
            #expect(try await node.say("GET lock").text == "100")
            #expect(try await node.say("GET lock").text == "100")
            #expect(try await node.say("GETSET lock 2000").text == "100", "the first one has it until 2000")
            #expect(try await node.say("GETSET lock 9000").text == "2000", "the second one sees that it is too late")
            #expect(try await node.say("GET lock").text == "9000", "and has moved the first one's end all the same")
        }
    }
}

extension HistoricalFormsTests {
    private func withServer<R: Sendable>(_ body: (RedisNode, RedisServer) async throws -> R) async throws -> R {
        let server = try await RedisServer()
        return try await withNode(server.configuration) { try await body($0, server) }
    }

    /// How many of 1,000 increments are lost where each reads, works a moment, and writes.
    private func count(
        _ guarding: @escaping @Sendable (@escaping @Sendable () async throws -> Void) async throws -> Void
    ) async throws -> Int {
        let counter = Mutex(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<10 {
                group.addTask {
                    for round in 0..<100 {
                        try await guarding {
                            let seen = counter.withLock { $0 }
                            // Now and then the work takes longer than the historical lock, as work does.
                            try await Task.sleep(for: (worker + round).isMultiple(of: 25) ? .milliseconds(8) : .zero)
                            counter.withLock { $0 = seen + 1 }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        return 1_000 - counter.withLock { $0 }
    }

    private final class Inside: Sendable {
        private let state = Mutex((now: 0, most: 0))
        var most: Int { state.withLock { $0.most } }
        func enter() { state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
        func leave() { state.withLock { $0.now -= 1 } }
    }
}
