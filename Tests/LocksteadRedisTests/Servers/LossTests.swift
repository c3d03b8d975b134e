import Lockstead
import Logging
import RESP
import SeededRandom
import Testing
import TestServers

@testable import LocksteadRedis

@Suite("Deadlines, cancellation and losses at a real server")
struct LossTests {
    @Test("A stopped server: what was written may have happened, and the answers stay in step afterwards")
    func stopped() async throws {
        let server = try await RedisServer()
        try await withNode(server.configuration) { (node) async throws in
            try await node.say("SET n 0")
            server.pause()
            let error = await failure { () async throws(RedisError) in
                try await node.say("INCR n", within: .milliseconds(200))
            }
            server.resume()
            #expect(error?.code == .deadlineExceeded)
            #expect(error?.effect == .mayHaveHappened)
            for round in 0..<50 { #expect(try await node.say("ECHO \(round)").text == "\(round)") }
            #expect(try await node.say("GET n").text == "1")
        }
    }

    @Test("A deadline that has passed sends nothing")
    func passed() async throws {
        let server = try await RedisServer()
        try await withNode(server.configuration) { (node) async throws in
            let error = await failure { () async throws(RedisError) in try await node.say("SET a 1", within: .zero) }
            #expect(error?.code == .deadlineExceeded)
            #expect(error?.effect == .didNotHappen)
            #expect(try await node.say("GET a").isNull)
        }
    }

    @Test("Before the client runs, a call waits for it within its deadline")
    func beforeRunning() async throws {
        let server = try await RedisServer()
        let context = EngineContext(logger: Logger(label: "test"), time: SystemTimeSource())
        let node = RedisNode(
            .host("127.0.0.1", port: server.port), configuration: server.configuration, context: context)
        let error = await failure { () async throws(RedisError) in try await node.say("PING", within: .milliseconds(50))
        }
        #expect(error?.code == .deadlineExceeded)
        #expect(error?.effect == .didNotHappen)
        async let answer = node.say("PING")
        // Awaited below.
        let running = Task { await node.run() }
        #expect(try await answer.text == "PONG")
        running.cancel()
        await running.value
        let late = await failure { () async throws(RedisError) in try await node.say("PING") }
        #expect(late?.code == .shutDown)
    }

    @Test("Cancelled at any moment, a command leaves its answer to nobody else", arguments: 0..<4)
    func cancellation(seed: UInt64) async throws {
        let server = try await RedisServer()
        try await withNode(server.configuration) { (node) async throws in
            // Both connections are there before anything is cancelled.
            #expect(
                try await eventually {
                    try await node.say("INFO clients").text?.contains("connected_clients:2") ?? false
                })
            let before = try await connections(node)
            var draws = SeededGenerator(seed: seed)
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<400 {
                    let pause = Duration.microseconds(Int64(draws.next() % 800))
                    group.addTask {
                        await Self.echo("\(task)", cancelledAfter: task.isMultiple(of: 2) ? pause : nil, node)
                    }
                }
            }
            #expect(try await node.say("ECHO last").text == "last")
            #expect(try await connections(node) == before, "cancellation ends no connection")
        }
    }

    /// How many the server has ever accepted.
    private func connections(_ node: RedisNode) async throws -> Substring? {
        let lines = try await node.say("INFO stats").text?.split(whereSeparator: \.isNewline) ?? []
        return lines.first { $0.hasPrefix("total_connections_received:") }
    }

    private static func echo(_ text: String, cancelledAfter pause: Duration?, _ node: RedisNode) async {
        // Awaited below.
        let call = Task { () async -> (RESPValue?, RedisError?) in
            do throws(RedisError) { return (try await node.say("ECHO \(text)"), nil) } catch { return (nil, error) }
        }
        if let pause {
            // Woken early or late, it is a random moment all the same.
            try? await Task.sleep(for: pause)
            call.cancel()
        }
        let (answer, error) = await call.value
        if let error { #expect(error.code == .cancelled && pause != nil) } else { #expect(answer?.text == text) }
    }

    @Test(
        "A server killed: what was under way may have happened, and a new one is found",
        arguments: RedisServer.Kind.required)
    func killed(kind: RedisServer.Kind) async throws {
        let server = try await RedisServer(kind)
        var configuration = server.configuration
        configuration.connectionsPerNode = 1
        try await withNode(configuration) { (node) async throws in
            try await node.say("PING")
            async let blocked = failure { () async throws(RedisError) in try await node.say("BLPOP list 5") }
            #expect(try await blockedClients(server) == 1)
            server.kill()
            let error = await blocked
            #expect(error?.code == .connectionLost)
            #expect(error?.effect == .mayHaveHappened)
            let down = await failure { () async throws(RedisError) in try await node.say("PING") }
            #expect(down?.effect == .didNotHappen)
            try await server.restart()
            #expect(
                try await eventually {
                    await failure { () async throws(RedisError) in try await node.say("PING") } == nil
                })
        }
    }

    private func blockedClients(_ server: RedisServer) async throws -> Int64? {
        try await withNode(server.configuration) { other in
            for _ in 0..<500 {
                let info = try await other.say("INFO clients").text ?? ""
                if info.contains("blocked_clients:1") { return 1 }
                try await Task.sleep(for: .milliseconds(10))
            }
            return nil
        }
    }

    @Test("A connection that is only half there is given up: with commands under way, and without")
    func halfOpen() async throws {
        let server = try await RedisServer()
        var configuration = server.configuration
        configuration.connectionsPerNode = 1
        (configuration.timeouts.quiet, configuration.timeouts.silence) = (.milliseconds(200), .milliseconds(400))
        configuration.timeouts.connect = .milliseconds(400)
        try await withNode(configuration) { (node) async throws in
            try await node.say("PING")
            server.pause()
            let error = await failure { () async throws(RedisError) in try await node.say("INCR n") }
            #expect(error?.code == .connectionLost)
            #expect(error?.effect == .mayHaveHappened)
            server.resume()
            #expect(
                try await eventually {
                    await failure { () async throws(RedisError) in try await node.say("PING") } == nil
                })
            server.pause()
            #expect(try await eventually { node.greeting == nil }, "the PING of a quiet connection is not answered")
            server.resume()
            #expect(
                try await eventually {
                    await failure { () async throws(RedisError) in try await node.say("PING") } == nil
                })
        }
    }

    @Test("A shutdown lets what is under way finish, and refuses the rest")
    func shutdown() async throws {
        let server = try await RedisServer()
        var configuration = server.configuration
        configuration.connectionsPerNode = 1
        let context = EngineContext(logger: Logger(label: "test"), time: SystemTimeSource())
        let node = RedisNode(.host("127.0.0.1", port: server.port), configuration: configuration, context: context)
        // Awaited below.
        let running = Task { await node.run() }
        try await node.say("PING")
        async let blocked = node.say("BLPOP list 0.3")
        #expect(try await blockedClients(server) == 1)
        running.cancel()
        #expect(try await blocked.isNull)
        await running.value
        #expect(await failure { () async throws(RedisError) in try await node.say("PING") }?.code == .shutDown)
    }
}
