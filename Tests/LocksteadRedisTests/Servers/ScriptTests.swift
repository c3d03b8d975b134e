import Lockstead
import RESP
import Testing
import TestServers

@testable import LocksteadRedis

@Suite("Scripts on a real server")
struct ScriptTests {
    private static let script = RedisScript("return {KEYS[1], KEYS[2], ARGV[1], redis.call('INCR', KEYS[1])}")

    @Test("A script the server does not have is loaded, and found again after a flush", arguments: Dialect.all)
    func reload(dialect: Dialect) async throws {
        try await dialect.run { (node, _) async throws in
            for round in 1...3 {
                var call = Self.script.call(keys: ["{k}1", "{k}2"])
                call.append("argument \(round)")
                let answer = try await node.run(call, deadline: nil)
                #expect(answer.elements?.map(\.text).prefix(3) == ["{k}1", "{k}2", "argument \(round)"])
                #expect(answer.elements?.last?.integer == Int64(round))
                if round == 2 { try await node.say("SCRIPT FLUSH") }
            }
            let info = try await node.say("INFO commandstats").text ?? ""
            #expect(info.contains("cmdstat_evalsha:calls=3"))
            #expect(info.contains("cmdstat_eval:calls=2"))
        }
    }

    @Test("In a pipeline, only what is missing is sent again")
    func pipeline() async throws {
        let server = try await RedisServer()
        try await withNode(server.configuration) { (node) async throws in
            let known = RedisScript("return 'known'")
            _ = try await node.run(known.call(keys: []), deadline: nil)
            let calls = [known, RedisScript("return 'new'"), RedisScript("return 7"), known].map { $0.call(keys: []) }
            let results = await node.pipeline(calls, deadline: nil)
            #expect(try results.map { try $0.get().text ?? "7" } == ["known", "new", "7", "known"])
        }
    }

    @Test("A script that fails half-way may have happened; one that never began has not")
    func halfWay() async throws {
        let server = try await RedisServer()
        try await withNode(server.configuration) { (node) async throws in
            let half = RedisScript("redis.call('SET', KEYS[1], 1) return redis.call('HGET', KEYS[1], 'f')")
            let error = await failure { () async throws(RedisError) in try await node.run(half.call(keys: ["a"])) }
            #expect(error?.effect == .mayHaveHappened)
            #expect(try await node.say("GET a").text == "1")
            try await node.say("REPLICAOF 127.0.0.1 1")
            let refused = await failure { () async throws(RedisError) in
                try await node.run(Self.script.call(keys: ["a", "b"]))
            }
            #expect(refused?.code == .readOnly)
        }
    }
}
