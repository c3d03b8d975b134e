import Lockstead
import RESP
import Synchronization
import Testing
import TestServers

@testable import LocksteadRedis

/// What locks cost the server in commands, by its own count: `INFO commandstats`, where a script is one command (`evalsha`) beside those
/// it calls, which are no round trips.
@Suite("Commands for a lock, as the server counts them", .serialized)
struct CommandCountTests {
    @Test("An uncontended pair is exactly two commands")
    func uncontended() async throws {
        let server = try await RedisServer()
        try await withNode(server.configuration) { node in
            let opened = OpenedEngine()
            try await LockClient.with(opened.remembering(.redis(RedisEngine(server.configuration)))) { client in
                try await client.withLock("a") { _ in }
                _ = try await node.say("CONFIG RESETSTAT")
                let before = opened.commands
                for _ in 0..<100 { try await client.withLock("a") { _ in } }
                let sent = try await Self.sent(node)
                #expect(sent["evalsha"] == 200, "\(sent)")
                #expect(opened.commands - before == 200, "what we count is not what the server counts")
                #expect(
                    sent.filter { !["evalsha", "ping", "config|resetstat", "info"].contains($0.key) }.isEmpty, "\(sent)"
                )
            }
        }
    }

    @Test("A contended fair acquisition is at most four commands")
    func contended() async throws {
        let server = try await RedisServer()
        try await withNode(server.configuration) { node in
            let engine = LockEngine.redis(RedisEngine(server.configuration))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await LockClient.with(engine) { client in
                            for _ in 0..<50 {
                                try await client.withLock("a") { _ in try await Task.sleep(for: .milliseconds(1)) }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let sent = try await Self.sent(node)
            let scripts = sent["evalsha"] ?? 0
            #expect(scripts <= 4 * 400, "\(Double(scripts) / 400) scripts per acquisition: \(sent)")
            print("contended: \(Double(scripts) / 400) commands per acquisition")
        }
    }

    /// Calls by command, without those that scripts make.
    private static func sent(_ node: RedisNode) async throws -> [String: Int] {
        let inScripts: Set = [
            "time", "get", "set", "exists", "del", "publish", "pttl", "pexpire", "zadd", "zrem", "zcard", "zrange",
            "zrank",
            "hget", "hset", "hdel", "hincrby", "zscore", "zrangebyscore",
        ]
        let text = try await node.say("INFO commandstats").text ?? ""
        var sent: [String: Int] = [:]
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("cmdstat_") {
            let parts = line.dropFirst("cmdstat_".count).split(separator: ":", maxSplits: 1)
            let calls = parts.last?.split(separator: ",").first.flatMap { Int($0.dropFirst("calls=".count)) }
            if let name = parts.first, let calls, !inScripts.contains(String(name)) { sent[String(name)] = calls }
        }
        return sent
    }
}

/// The engine that a client has opened, for its own count of what it sends.
private final class OpenedEngine: Sendable {
    private let backend = Mutex<(any CountingBackend)?>(nil)

    func remembering(_ engine: LockEngine) -> LockEngine {
        LockEngine(name: engine.name) { context in
            let opened = try engine.makeBackend(context)
            self.backend.withLock { $0 = opened as? any CountingBackend }
            return opened
        }
    }

    var commands: Int { backend.withLock { $0?.counts.commands } ?? -1 }
}
