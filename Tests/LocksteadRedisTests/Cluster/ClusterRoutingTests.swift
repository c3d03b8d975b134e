import Lockstead
import LocksteadTesting
import Logging
import RESP
import TestServers
import Testing

@testable import LocksteadRedis

@Suite("A client of a real cluster", .serialized)
struct ClusterRoutingTests {
    @Test("Commands go where their keys are, in one go or alone, and answers come in order")
    func routing() async throws {
        let servers = try await RedisClusterServers(replicas: false)
        defer { servers.kill() }
        try await withCluster(servers) { cluster in
            for number in 0..<50 { try await cluster.set("key-\(number)", "\(number)") }
            let results = await cluster.pipeline((0..<50).map { .get("key-\($0)") }, deadline: nil)
            #expect(results.map { (try? $0.get())?.text ?? "-" } == (0..<50).map { "\($0)" })
            #expect(try await cluster.primaries(deadline: nil).count == 3)
            for node in servers.nodes { #expect(Int(try node.ask("DBSIZE")) ?? 0 > 5) }
            // Each command was sent once: nothing was redirected.
            #expect(cluster.commandsWritten == 100)
        }
    }

    @Test("A slot that moved is found again, by MOVED at first; a call without a task finds it, too")
    func moved() async throws {
        let servers = try await RedisClusterServers(replicas: false)
        defer { servers.kill() }
        try await withCluster(servers) { cluster in
            try await cluster.set("a", "1")
            let target = try servers.otherPrimary(than: try servers.primary(of: "a"))
            try await servers.moveSlot(of: "a", to: target)
            #expect(try await cluster.get("a") == "1")
            let results = await cluster.pipeline([.get("a"), .get("b")], deadline: nil)
            #expect(try results[0].get().text == "1")
            let other = try servers.otherPrimary(than: target)
            try await servers.moveSlot(of: "a", to: other)
            let answer = await withCheckedContinuation { continuation in
                cluster.begin(.get("a"), deadline: nil) { continuation.resume(returning: $0) }
            }
            #expect(try answer.get().text == "1")
        }
    }

    @Test("R40: while a slot moves, a key that is gone is asked for at its next node, by a script unknown there, too")
    func ask() async throws {
        let servers = try await RedisClusterServers(replicas: false)
        defer { servers.kill() }
        try await withCluster(servers) { cluster in
            try await cluster.set("{a}1", "here")
            let target = try servers.otherPrimary(than: try servers.primary(of: "a"))
            let script = RedisScript("return redis.call('INCR', KEYS[1])")
            try await servers.moveSlot(of: "a", to: target) { () async throws in
                #expect(try await cluster.get("{a}1") == "here")
                #expect(try await cluster.run(script.call(keys: ["{a}2"])).integer == 1)
                #expect(try await cluster.run(script.call(keys: ["{a}2"])).integer == 2)
                let piped = await cluster.pipeline([script.call(keys: ["{a}2"])], deadline: nil)
                #expect(try piped[0].get().integer == 3)
            }
            #expect(try await cluster.get("{a}2") == "3")
        }
    }

    @Test("A script over keys of which some have moved waits until all have")
    func tryAgain() async throws {
        let servers = try await RedisClusterServers(replicas: false)
        defer { servers.kill() }
        try await withCluster(servers) { cluster in
            try await cluster.set("{a}1", "1")
            let target = try servers.otherPrimary(than: try servers.primary(of: "a"))
            let call = RedisScript("return redis.call('GET', KEYS[1])").call(keys: ["{a}1", "{a}2"])
            let answer = Watched<String?>(nil)
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await servers.moveSlot(of: "a", to: target) { () async throws in
                    let short = await failure { () async throws(RedisError) in
                        try await cluster.run(call, deadline: SystemTimeSource().now.advanced(by: .milliseconds(100)))
                    }
                    #expect(short?.code == .tryAgain && short?.effect == .didNotHappen)
                    group.addTask {
                        let text = try await cluster.run(call).text
                        answer.update { $0 = text }
                    }
                    #expect(answer.value == nil)
                }
                try await group.waitForAll()
            }
            #expect(answer.value == "1")
        }
    }

    @Test("A primary that stalls keeps only those who ask for its slots")
    func stalled() async throws {
        let servers = try await RedisClusterServers(replicas: false)
        defer { servers.kill() }
        try await withCluster(servers) { cluster in
            for key in ["a", "b", "c"] { try await cluster.set(key, "1") }
            let stalled = try servers.primary(of: "a")
            let others = try ["b", "c"].filter { try servers.primary(of: $0).port != stalled.port }
            stalled.pause()
            defer { stalled.resume() }
            let time = SystemTimeSource()
            let start = time.now
            let late = await failure { () async throws(RedisError) in
                try await cluster.set("a", "2", within: .milliseconds(300))
            }
            #expect(late?.code == .deadlineExceeded && late?.effect == .mayHaveHappened)
            for key in others { #expect(try await cluster.get(key) == "1") }
            #expect(time.now - start < .milliseconds(900))
        }
    }

    @Test("A server that is no node of a cluster is told to be none, and one that is not there to be unreachable")
    func noCluster() async throws {
        let server = try await RedisServer()
        let context = EngineContext(logger: .init(label: "test"), time: SystemTimeSource())
        for (port, code) in [(server.port, RedisError.Code.refused), (try Loopback.freePort(), .unreachable)] {
            let cluster = RedisCluster(
                RedisConfiguration(endpoints: [.host("127.0.0.1", port: port)]), context: context)
            // Cancelled and awaited below.
            let running = Task { await cluster.run() }
            let error = await failure { () async throws(RedisError) in try await cluster.get("a") }
            #expect(error?.code == code && error?.effect == .didNotHappen)
            running.cancel()
            await running.value
            let after = await failure { () async throws(RedisError) in try await cluster.get("a") }
            #expect(after?.code == .shutDown)
        }
        server.kill()
    }
}
