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
        let engine = "redis://127.0.0.1:\(server.port)"
        let watch = try lockstead.start(["watch", "jobs/", "--json"], engine: engine)
        try await server.awaitSubscribers(1)
        let holder = try lockstead.start(
            ["exec", "jobs/a", "--purpose", "nightly", "--", "sh", "-c", "echo $LOCKSTEAD_TOKEN; cat"], engine: engine)
        try await holder.outputs("\n")
        let token = holder.outputSoFar.trimmingCharacters(in: .newlines)
        #expect(try await lockstead.run("exec", "jobs/a", "--no-wait", "--", "true", engine: engine).code == 75)
        #expect(try await lockstead.run("ls", "jobs/", engine: engine).output.contains("nightly"))
        let report = try await lockstead.run("inspect", "jobs/a", "--json", engine: engine)
        #expect(report.code == 0 && report.output.contains("\"\(token)\""))
        let forced = try await lockstead.run("force-release", "jobs/a", "--reason", "test", "--json", engine: engine)
        #expect(forced.output.contains("\"revoked\":[\"\(token)\"]"), "\(forced)")
        #expect(try await holder.result().code == 76)
        #expect(try await lockstead.run("exec", "jobs/a", "--wait", "60s", "--", "true", engine: engine).code == 0)
        for event in ["granted", "revoked", "released"] { try await watch.outputs("\"\(event)\"") }
        watch.signal(SIGTERM)
        #expect(try await watch.result().code == -SIGTERM)
        let doctor = try await lockstead.run("doctor", engine: engine)
        #expect(doctor.code == 0 && doctor.output.contains("two grants in a row had rising tokens"), "\(doctor)")
        let bench = try await lockstead.run(
            "bench", "unc1", "--window", "1s", "--warm-up", "0s", "--json", engine: engine)
        #expect(bench.code == 0 && bench.output.contains("\"unc"), "\(bench)")
    }

    @Test("What is wrong is told by a message and an exit code of its own", arguments: RedisTrouble.allCases)
    func troubles(trouble: RedisTrouble) async throws {
        try await trouble.with { engine in
            let result = try await lockstead.run("exec", "a", "--no-wait", "--", "true", engine: engine)
            #expect(result.code == trouble.code, "\(result)")
            #expect(result.error.contains(trouble.words), "\(result)")
            #expect(result.output.isEmpty)
            let doctor = try await lockstead.run("doctor", engine: engine)
            #expect(doctor.code == 69 && doctor.output.contains("failure"), "\(doctor)")
        }
    }

    @Test(
        "Those that read and watch say it as well",
        arguments: [RedisTrouble.wrongPassword, .unreachable, .tlsToPlainText])
    func reading(trouble: RedisTrouble) async throws {
        try await trouble.with { engine in
            for command in [["ls"], ["inspect", "a"], ["watch"], ["force-release", "a", "--reason", "test"]] {
                let result = try await lockstead.start(command, engine: engine).result()
                #expect(result.code == trouble.code, "\(command): \(result)")
                #expect(result.error.contains(trouble.words), "\(command): \(result)")
            }
        }
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
