import Lockstead
import LocksteadTesting
import Logging
import TestServers
import Testing

@testable import LocksteadRedis

@Suite("The ACL user of docs/backends/redis-cluster.md", .serialized)
struct ClusterUserTests {
    @Test("It may take, hand over, list, watch and revoke locks of a cluster", arguments: RedisServer.Kind.required)
    func suffices(kind: RedisServer.Kind) async throws {
        let servers = try await RedisClusterServers(kind, replicas: false)
        defer { servers.kill() }
        for node in servers.nodes {
            try node.ask(arguments: try AccessRule.fromDocumentation())
            try node.ask(arguments: try AccessRule.fromDocumentation("redis-cluster.md"))
        }
        var engine = servers.engine
        (engine.configuration.user, engine.configuration.password, engine.prefix) = ("locks", "secret", "app:")
        let settings = engine
        try await LockClient.with(.redis(settings), logger: .quiet) { (one) async throws in
            try await LockClient.with(.redis(settings), logger: .quiet) { (two) async throws in
                var changes = one.changes().makeAsyncIterator()
                let held = try await one.acquire("a", lease: .seconds(30))
                #expect(try await changes.next()?.kind == .granted)
                #expect(try await one.list().map(\.name.text) == ["a"])
                async let next = two.withLock("a") { _ in SystemTimeSource().now }
                #expect(try await eventually { try await one.inspect("a")?.waiterCount == 1 })
                // Its wait began with a subscription to its slot, or it would look a second from now.
                let target = try servers.otherPrimary(than: try servers.primary(of: "app:a"))
                try await servers.moveSlot(of: "app:a", to: target)
                let released = SystemTimeSource().now
                try await held.release()
                #expect(try await next - released < .milliseconds(800))
                _ = try await one.acquire("b", lease: .seconds(30))
                _ = try await one.forceRelease("b", reason: "x", now: true)
            }
        }
    }
}
