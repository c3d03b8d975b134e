import Lockstead
import LocksteadRedis
import Logging
import Testing

@testable import LocksteadEngines

@Suite("URLs of the Redlock engine")
struct RedlockURLTests {
    private func settings(_ url: String) throws -> RedlockEngine { try RedlockURL.settings(from: EngineURL(url)) }

    @Test("Hosts stand in one row, and user, password and database are those of all")
    func places() throws {
        let plain = try settings("redlock://a,b:7000,[::1]:7001")
        #expect(
            plain.configuration.endpoints == [
                .host("a", port: 6379), .host("b", port: 7000), .host("::1", port: 7001),
            ])
        #expect(plain.configuration.tls == nil && plain.quarantine == nil && plain.nodeTimeout == .milliseconds(500))
        let full = try settings("redlocks://me:s%40cret@a,b,c,d,e/3?ca=/ca&verify=trust")
        #expect(full.configuration.endpoints.count == 5 && full.configuration.database == 3)
        #expect(full.configuration.user == "me" && full.configuration.password == "s@cret")
        #expect(full.configuration.tls?.authorityFile == "/ca" && full.configuration.tls?.verification == .trustOnly)
    }

    @Test("Options are read, each into its place")
    func options() throws {
        let engine = try settings(
            "redlock://a,b,c?prefix=app:&longestLease=10m&eviction=accept&quarantine=5m&nodeTimeout=50ms&timeout=3s"
        )
        #expect(engine.prefix == "app:" && engine.acceptsEviction && engine.longestLease == .seconds(600))
        #expect(engine.quarantine == .seconds(300) && engine.nodeTimeout == .milliseconds(50))
        #expect(engine.configuration.timeouts.command == .seconds(3))
    }

    @Test(
        "What cannot be meant is refused, and never echoed",
        arguments: [
            "redlock:", "redlock://", "redlock://a", "redlock://a,b", "redlock://a,,b", "redlock://a,b,c:0",
            "redlock://a,b,c/x", "redlock://a,b,c?share=foreign", "redlock://a,b,c?quarantine=secret",
            "redlock://a,b,c?ca=/x", "redlocks://a,b,c?key=/k",
        ])
    func refused(url: String) {
        let error = #expect(throws: LockError.self) { try Engines.open(url) }
        #expect(error?.code == .invalidOption)
        #expect(error?.message.contains("secret") == false)
    }

    @Test("A node that is named twice, and more nodes than make sense, are refused before anything is connected")
    func nodes() throws {
        let many = (0..<16).map { "h\($0)" }.joined(separator: ",")
        for url in ["redlock://a,b,a", "redlock://\(many)"] {
            let engine = try Engines.open(url)
            let context = EngineContext(logger: Logger(label: "test"), time: SystemTimeSource())
            #expect(throws: LockError.self) { _ = try engine.makeBackend(context) }
        }
        #expect(try Engines.open("redlock://a,b,c").name == "redlock")
    }

    @Test("Doctor warns of even numbers of nodes, and looks at each")
    func doctor() async throws {
        let subjects = try Engines.doctorRules(for: "redlock://127.0.0.1:1,127.0.0.1:2,127.0.0.1:3,127.0.0.1:4").map(
            \.subject)
        #expect(subjects.prefix(2) == ["nodes", "majority"])
        #expect(subjects.contains("127.0.0.1:3 persistence") && subjects.contains("127.0.0.1:4 server"))
        #expect(await NodeCountRule(count: 4).examine().verdict == .warning)
        #expect(await NodeCountRule(count: 5).examine() == .good("5 nodes: 2 may be lost"))
    }
}
