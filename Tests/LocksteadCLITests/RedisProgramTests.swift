import Foundation
import Testing
import TestServers

/// The program on real Redis and Valkey servers.
@Suite("The program on Redis", .timeLimit(.minutes(5)))
struct RedisProgramTests {
    private let lockstead: LocksteadProgram
    init() throws { lockstead = try LocksteadProgram() }

    @Test("Every command works there", arguments: RedisServer.Kind.required)
    func commands(kind: RedisServer.Kind) async throws {
        let server = try await RedisServer(kind)
        try await ProgramTour(lockstead: lockstead, engine: "redis://127.0.0.1:\(server.port)").takeEveryCommand()
    }

    @Test("What is wrong is told by a message and an exit code of its own", arguments: RedisTrouble.allCases)
    func troubles(trouble: RedisTrouble) async throws {
        try await trouble.with { try await ProgramTour(lockstead: lockstead, engine: $0).meet(trouble) }
    }

    @Test(
        "Those that read and watch say it as well",
        arguments: [RedisTrouble.wrongPassword, .unreachable, .tlsToPlainText])
    func reading(trouble: RedisTrouble) async throws {
        try await trouble.with { try await ProgramTour(lockstead: lockstead, engine: $0).meetReading(trouble) }
    }

    @Test("A key that holds something else than a lock is left alone, with the advice to take another name")
    func otherType() async throws {
        let server = try await RedisServer()
        try server.ask("LPUSH", "a", "precious")
        let engine = "redis://127.0.0.1:\(server.port)"
        let result = try await lockstead.run("exec", "a", "--no-wait", "--", "true", engine: engine)
        #expect(result.code == 64 && result.error.contains("something else than a lock"), "\(result)")
        #expect(try server.ask("LRANGE", "a", "0", "-1") == "precious")
    }

    @Test("The ACL rule of docs/backends/redis.md is enough for every command under its prefix, and for nothing beyond")
    func accessRule() async throws {
        let server = try await RedisServer()
        try server.ask(arguments: try AccessRule.fromDocumentation())
        let engine = "redis://locks:secret@127.0.0.1:\(server.port)?prefix=app:"
        #expect(try await lockstead.run("exec", "a", "--", "true", engine: engine).code == 0)
        for command in [
            ["exec", "a", "--shared", "--", "true"], ["exec", "b", "--permits", "2", "--", "true"],
            ["ls"], ["inspect", "a"], ["force-release", "a", "--reason", "test"], ["doctor"],
        ] {
            let result = try await lockstead.start(command, engine: engine).result()
            #expect(result.code == 0, "\(command): \(result)")
        }
        let other = "redis://locks:secret@127.0.0.1:\(server.port)"
        #expect(try await lockstead.run("exec", "a", "--", "true", engine: other).code == 77)
    }
}
