import FakeServers
import Lockstead
import NIOCore
import RESP
import Testing

@testable import LocksteadRedis

@Suite("Servers that answer badly")
struct HostileServerTests {
    @Test(
        "What is no answer ends in an error that says so, and never in a trap or in an answer",
        arguments: [
            ("$9223372036854775807\r\n", RedisError.Code.replyTooLarge), ("*1000000000\r\n", .replyTooLarge),
            (String(repeating: "*1\r\n", count: 100), .replyTooLarge), ("$-5\r\n", .protocolViolation),
            ("HTTP/1.1 400 Bad Request\r\n\r\n", .protocolViolation),
            ("+" + String(repeating: "a", count: 100_000), .replyTooLarge),
            ("+OK\r\n+OK\r\n+OK\r\n", .protocolViolation), ("*2\r\n+half", .connectionLost),
        ])
    func hostile(answer: String, code: RedisError.Code) async throws {
        let server = try await FakeServer { channel, text in
            if text.contains("HELLO") { return channel.say(greetingText) }
            channel.say(answer)
            if code == .connectionLost { channel.close(promise: nil) }
        }
        try await withNode(server.configuration) { (node) async throws in
            // Several answers to one question: the first is good, and what follows ends the connection.
            if answer.hasPrefix("+OK") { try await node.say("GET a") }
            let error = await failure { () async throws(RedisError) in
                if answer.hasPrefix("+OK") { try await node.say("GET a") }
                return try await node.say("GET a")
            }
            if answer.hasPrefix("+OK") {
                #expect(error == nil || error?.code == .protocolViolation || error?.effect == .didNotHappen)
            } else {
                #expect(error?.code == code, "\(String(describing: error))")
                #expect(error?.effect == .mayHaveHappened)
            }
            #expect(try await eventually { server.accepted > 1 }, "the connection is not used again")
        }
        try await server.close()
    }

    @Test("A listing of a server that never comes to an end ends at its deadline")
    func endless() async throws {
        let server = try await FakeServer { channel, text in
            if text.contains("HELLO") { return channel.say(greetingText) }
            channel.say(text.contains("SCAN") ? "*2\r\n$1\r\n7\r\n*0\r\n" : "+OK\r\n")
        }
        let time = SystemTimeSource()
        let node = RedisNode(
            server.configuration.endpoints[0], configuration: server.configuration,
            context: EngineContext(logger: .quiet, time: time))
        let backend = try RedisBackend(
            RedisEngine(server.configuration), client: node, context: EngineContext(logger: .quiet, time: time))
        await withTaskGroup(of: Void.self) { group in
            // It has run for the first time.
            group.addTask { _ = try? await backend.run() }
            let start = time.now
            let error = await #expect(throws: LockError.self) {
                _ = try await backend.list(prefix: "", limit: 10, deadline: start.advanced(by: .milliseconds(500)))
            }
            #expect(error?.code == .engineUnavailable && error?.effect == .didNotHappen)
            #expect(start.duration(to: time.now) < .seconds(2))
            group.cancelAll()
        }
        try await server.close()
    }

    @Test("An answer that drips in, byte by byte, is whole in the end; one that stops ends at the deadline")
    func drip() async throws {
        let server = try await FakeServer { channel, text in
            if text.contains("HELLO") { return channel.say(greetingText) }
            let answer = text.contains("whole") ? "$5\r\nwhole\r\n" : "$5\r\nhal"
            for (index, byte) in answer.utf8.enumerated() {
                channel.eventLoop.scheduleTask(in: .milliseconds(Int64(index) * 5)) {
                    channel.say(String(decoding: [byte], as: UTF8.self))
                }
            }
        }
        try await withNode(server.configuration) { (node) async throws in
            #expect(try await node.say("ECHO whole").text == "whole")
            let error = await failure { () async throws(RedisError) in
                try await node.say("ECHO half", within: .milliseconds(300))
            }
            #expect(error?.code == .deadlineExceeded)
            #expect(error?.effect == .mayHaveHappened)
        }
        try await server.close()
    }

    @Test(
        "A server that does not know HELLO is spoken to in RESP2",
        arguments: [
            "-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n",
            "-NOPROTO unsupported protocol version\r\n",
        ])
    func oldServer(refusal: String) async throws {
        let server = try await FakeServer { channel, text in
            if text.contains("HELLO") { return channel.say(refusal) }
            if text.contains("AUTH") { return channel.say("+OK\r\n-ERR unknown subcommand\r\n+OK\r\n") }
            channel.say("$-1\r\n")
        }
        var configuration = server.configuration
        (configuration.password, configuration.database) = ("secret", 2)
        try await withNode(configuration) { (node) async throws in
            #expect(try await node.say("GET a").isNull)
            #expect(node.greeting?.protocolVersion == 2)
        }
        configuration.protocolVersion = .resp3
        try await withNode(configuration) { (node) async throws in
            #expect(await failure { () async throws(RedisError) in try await node.say("GET a") } != nil)
        }
        try await server.close()
    }

    @Test(
        "A server that still loads, one that is busy and one that is full are told apart",
        arguments: [
            ("-LOADING Redis is loading the dataset in memory\r\n", RedisError.Code.loading),
            ("-BUSY Redis is busy running a script.\r\n", .busy),
            ("-MISCONF Errors writing to the AOF file\r\n", .notPersisting),
            ("-NOREPLICAS Not enough good replicas to write.\r\n", .tooFewReplicas),
            ("-MOVED 3999 127.0.0.1:6381\r\n", .moved),
        ])
    func states(answer: String, code: RedisError.Code) async throws {
        let server = try await FakeServer { channel, text in channel.say(text.contains("HELLO") ? greetingText : answer)
        }
        try await withNode(server.configuration) { (node) async throws in
            let error = await failure { () async throws(RedisError) in try await node.say("SET a 1") }
            #expect(error?.code == code)
            #expect(error?.effect == .didNotHappen)
        }
        try await server.close()
    }

    @Test("A server that refuses every client says why")
    func full() async throws {
        let server = try await FakeServer { channel, _ in channel.say("-ERR max number of clients reached\r\n") }
        try await withNode(server.configuration) { (node) async throws in
            let error = await failure { () async throws(RedisError) in try await node.say("SET a 1") }
            #expect(error?.serverText?.contains("max number of clients") == true)
            #expect(error?.effect == .didNotHappen)
        }
        try await server.close()
    }

    @Test("A server that takes the connection and says nothing is given up in time, with a hint")
    func silent() async throws {
        let server = try await FakeServer { _, _ in }
        var configuration = server.configuration
        configuration.timeouts.connect = .milliseconds(300)
        try await withNode(configuration) { (node) async throws in
            let error = await failure { () async throws(RedisError) in try await node.say("SET a 1") }
            #expect(error?.code == .unreachable)
            #expect(error?.message.contains("rediss://") == true)
        }
        try await server.close()
    }

    @Test("Pushes and attributes between the answers disturb nothing")
    func pushes() async throws {
        let server = try await FakeServer { channel, text in
            if text.contains("HELLO") { return channel.say(greetingText) }
            channel.say(">2\r\n+invalidate\r\n*1\r\n$1\r\na\r\n|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n>1\r\n+other\r\n")
        }
        try await withNode(server.configuration) { (node) async throws in
            for _ in 0..<10 { #expect(try await node.say("GET a") == .blobString([0x78])) }
        }
        try await server.close()
    }

    @Test("More commands than the limit are refused, and the rest is answered")
    func limit() async throws {
        let server = try await FakeServer { channel, text in
            if text.contains("HELLO") { return channel.say(greetingText) }
            let count = text.split(separator: "*1\r\n").count
            channel.eventLoop.scheduleTask(in: .milliseconds(200)) {
                channel.say(String(repeating: "+PONG\r\n", count: count))
            }
        }
        var configuration = server.configuration
        configuration.limits.pendingCommands = 100
        try await withNode(configuration) { (node) async throws in
            try await node.say("PING")
            // The place of an answered command is free once everything that came with its answer has been read.
            try? await Task.sleep(for: .milliseconds(100))
            let results = await withTaskGroup(of: RedisError?.self) { group in
                for _ in 0..<150 {
                    group.addTask { await failure { () async throws(RedisError) in try await node.say("PING") } }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.filter { $0?.code == .tooManyCommands }.count == 50)
            #expect(results.filter { $0 == nil }.count == 100)
        }
        try await server.close()
    }
}
