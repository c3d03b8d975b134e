import Lockstead
import LocksteadRedis
import Logging
import Testing

@testable import LocksteadEngines

@Suite("URLs of the Redis engine")
struct RedisURLTests {
    private func settings(_ url: String) throws -> RedisEngine { try RedisURL.settings(from: EngineURL(url)) }

    @Test("Host, port, database, user and password are where they are in other programs' URLs")
    func places() throws {
        let plain = try settings("redis://example.org")
        #expect(plain.configuration.endpoints == [.host("example.org", port: 6379)])
        #expect(plain.configuration.tls == nil && plain.configuration.database == 0 && plain.sharing == .lockstead)
        let full = try settings("rediss://me:s%40cret@[::1]:7000/3")
        #expect(full.configuration.endpoints == [.host("::1", port: 7000)])
        #expect(full.configuration.user == "me" && full.configuration.password == "s@cret")
        #expect(full.configuration.tls != nil && full.configuration.database == 3)
        let passwordOnly = try settings("valkey://:pw@h:1")
        #expect(passwordOnly.configuration.user == nil && passwordOnly.configuration.password == "pw")
        let socket = try settings("redis+unix:///run/redis.sock?database=2&password=x")
        #expect(socket.configuration.endpoints == [.unixSocket(path: "/run/redis.sock")])
        #expect(socket.configuration.database == 2 && socket.configuration.password == "x")
    }

    @Test("Options are read, each into its place")
    func options() throws {
        let url =
            "rediss://h?share=foreign&prefix=app:&longestLease=10m&eviction=accept&protocol=2&connections=4"
            + "&timeout=3s&clientName=me&ca=/ca&certificate=/c&key=/k&serverName=n&verify=trust"
        let engine = try settings(url)
        #expect(engine.sharing == .foreign && engine.prefix == "app:" && engine.acceptsEviction)
        #expect(engine.longestLease == .seconds(600) && engine.configuration.protocolVersion == .resp2)
        #expect(engine.configuration.connectionsPerNode == 4 && engine.configuration.clientName == "me")
        #expect(engine.configuration.timeouts.command == .seconds(3))
        let tls = try #require(engine.configuration.tls)
        #expect(tls.authorityFile == "/ca" && tls.certificateFile == "/c" && tls.privateKeyFile == "/k")
        #expect(tls.serverName == "n" && tls.verification == .trustOnly)
    }

    @Test(
        "What cannot be meant is refused, and never echoed",
        arguments: [
            "redis:", "redis://", "redis://:0", "redis://h:0", "redis://h:70000", "redis://h:x", "redis://h/x",
            "redis://h/-1",
            "redis://h?share=secret", "redis://h?eviction=secret", "redis://h?protocol=secret",
            "redis://h?timeout=secret",
            "redis://h?connections=0", "redis://h?longestLease=0s", "redis://h?ca=/x", "redis://h?unknown=1",
            "redis://h?clientName=a b", "rediss://h?key=/k", "rediss://h?verify=secret", "redis+unix://h/s",
            "redis+unix:", "redis+unix:///s?database=secret", "redis://h?database=1",
        ])
    func refused(url: String) {
        let error = #expect(throws: LockError.self) { try Engines.open(url) }
        #expect(error?.code == .invalidOption)
        #expect(error?.message.contains("secret") == false)
    }

    @Test("Settings that cannot be meant are refused before anything is connected")
    func settingsRefused() throws {
        for url in ["redis://h?longestLease=25h", "redis://h?prefix=a{b", "redis://h?longestLease=500ms"] {
            let engine = try Engines.open(url)
            let context = EngineContext(logger: Logger(label: "test"), time: SystemTimeSource())
            let error = #expect(throws: LockError.self) { _ = try engine.makeBackend(context) }
            #expect(error?.code == .invalidOption, "\(url)")
        }
    }
}
