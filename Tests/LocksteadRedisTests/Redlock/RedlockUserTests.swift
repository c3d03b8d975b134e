import Lockstead
import LocksteadRedis
import RESP
import Testing
import TestServers

@Suite("The ACL user of docs/backends/redis.md, on Redlock nodes")
struct RedlockUserTests {
    @Test("It may take, renew, tell of, hand on and revoke locks of a majority", arguments: RedisServer.Kind.required)
    func suffices(kind: RedisServer.Kind) async throws {
        var servers: [RedisServer] = []
        for _ in 0..<3 {
            let server = try await RedisServer(kind)
            try server.ask(arguments: try AccessRule.fromDocumentation())
            servers.append(server)
        }
        var engine = RedlockEngine(RedisConfiguration(endpoints: servers.map { .host("127.0.0.1", port: $0.port) }))
        (engine.configuration.user, engine.configuration.password) = ("locks", "secret")
        (engine.prefix, engine.quarantine) = ("app:", .zero)
        let settings = engine
        try await LockClient.with(.redlock(settings)) { (one) async throws in
            try await LockClient.with(.redlock(settings)) { (two) async throws in
                let held = try await one.acquire("a", lease: .seconds(3))
                // Past the first renewal.
                try await Task.sleep(for: .milliseconds(1_500))
                #expect(held.lease.isHeld)
                #expect(try await one.list().map(\.name.text) == ["a"])
                #expect(try await two.tryAcquire("a") == nil)
                async let next = two.withLock("a", lease: .seconds(30)) { $0.token }
                #expect(try await two.inspect("a")?.holders.map(\.token) == [held.lease.token])
                try await held.release()
                #expect(try await next > held.lease.token)
                _ = try await one.acquire("b", lease: .seconds(30))
                _ = try await one.forceRelease("b", reason: "x", now: true)
            }
        }
    }
}
