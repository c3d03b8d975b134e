import Lockstead
import RESP
import Testing
import TestServers

@testable import LocksteadRedis

/// How a server is spoken to.
struct Dialect: Sendable, CustomTestStringConvertible {
    let kind: RedisServer.Kind
    let tls: Bool
    let version: RedisConfiguration.ProtocolVersion

    var testDescription: String { "\(kind.rawValue), \(tls ? "TLS" : "plain"), \(version)" }

    static var all: [Dialect] {
        RedisServer.Kind.required.flatMap { kind in
            [false, true].flatMap { tls in
                [.negotiated, .resp2].map { Dialect(kind: kind, tls: tls, version: $0) }
            }
        }
    }

    /// Starts a server and runs a node against it.
    func run<R: Sendable>(_ body: (RedisNode, RedisServer) async throws -> R) async throws -> R {
        let server = try await RedisServer(kind, tls: tls)
        var configuration = server.configuration
        configuration.protocolVersion = version
        return try await withNode(configuration) { try await body($0, server) }
    }
}

@Suite("Commands to a real server")
struct CommandTests {
    @Test("Commands are answered, each in its kind", arguments: Dialect.all)
    func answers(dialect: Dialect) async throws {
        try await dialect.run { (node, _) async throws in
            #expect(try await node.say("SET a 1 PX 60000").isOK)
            #expect(try await node.say("GET a").text == "1")
            #expect(try await node.say("INCR a") == .number(2))
            #expect(try await node.say("GET none").isNull)
            #expect(try await node.say("HSET h f v") == .number(1))
            #expect(try await node.say("HGETALL h").entries?.first?.value.text == "v")
            #expect(node.greeting?.protocolVersion == (dialect.version == .resp2 ? 2 : 3))
        }
    }

    @Test("Bytes of any kind and size come back as they went", arguments: Dialect.all)
    func bytes(dialect: Dialect) async throws {
        try await dialect.run { (node, _) async throws in
            for size in [0, 1, 1_000, 100_000, 3_000_000] {
                var command = RedisCommand("ECHO")
                let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                command.append(bytes)
                #expect(try await node.send(command).bytes == bytes, "\(size) bytes")
            }
        }
    }

    @Test("A pipeline is answered in order, errors in their places", arguments: Dialect.all)
    func pipeline(dialect: Dialect) async throws {
        try await dialect.run { (node, _) async throws in
            var commands = (0..<1_000).map { _ in RedisCommand("INCR", "n") }
            commands[500] = RedisCommand("HGET", "n", "f")
            let results = await node.pipeline(commands, deadline: nil)
            let numbers = results.map { (try? $0.get())?.integer }  // The error is looked at below.
            let expected: [Int64?] = (0..<1_000).map { (index: Int64) in
                if index == 500 { nil } else { index < 500 ? index + 1 : index }
            }
            #expect(numbers == expected)
            #expect(throws: RedisError.self) { try results[500].get() }
            #expect(await node.pipeline([RedisCommand](), deadline: nil).isEmpty)
        }
    }

    @Test("Many tasks at once get each their own answers", arguments: Dialect.all)
    func manyTasks(dialect: Dialect) async throws {
        try await dialect.run { (node, _) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<256 {
                    group.addTask { () async throws in
                        for round in 0..<20 {
                            let text = "\(task)/\(round)"
                            #expect(try await node.say("ECHO \(text)").text == text)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("Errors say what the server said, what to do, and that nothing happened")
    func errors() async throws {
        let server = try await RedisServer(options: ["--maxmemory", "1"])
        try await withNode(server.configuration) { (node) async throws in
            let memory = await failure { () async throws(RedisError) in try await node.say("SET a 1") }
            #expect(memory?.code == .outOfMemory)
            #expect(memory?.effect == .didNotHappen)
            try await node.say("CONFIG SET maxmemory 0")
            try await node.say("SET a 1")
            let type = await failure { () async throws(RedisError) in try await node.say("HGET a f") }
            #expect(type?.code == .wrongType)
            #expect(type?.serverText?.hasPrefix("WRONGTYPE") == true)
            let unknown = await failure { () async throws(RedisError) in try await node.say("NOSUCH a") }
            #expect(unknown?.code == .refused)
            try await node.say("REPLICAOF 127.0.0.1 1")
            let readOnly = await failure { () async throws(RedisError) in try await node.say("SET a 1") }
            #expect(readOnly?.code == .readOnly)
            #expect(readOnly?.effect == .didNotHappen)
        }
    }
}
