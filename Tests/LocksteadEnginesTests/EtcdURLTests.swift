import Lockstead
import LocksteadEtcd
import Logging
import Testing

@testable import LocksteadEngines

@Suite("URLs of the etcd engine")
struct EtcdURLTests {
    private func settings(_ url: String) throws -> EtcdEngine { try EtcdURL.settings(from: EngineURL(url)) }

    @Test("Members, user and password are where they are in other programs' URLs")
    func places() throws {
        let plain = try settings("etcd://a,b:2380,[::1]")
        #expect(
            plain.configuration.endpoints == [EtcdEndpoint("a"), EtcdEndpoint("b", port: 2380), EtcdEndpoint("::1")])
        #expect(plain.configuration.tls == nil && plain.configuration.user == nil && plain.prefix.isEmpty)
        let full = try settings("etcds://me:s%40cret@a/?ca=/ca&certificate=/c&key=/k&serverName=n&verify=trust")
        #expect(full.configuration.user == "me" && full.configuration.password == "s@cret")
        let tls = try #require(full.configuration.tls)
        #expect(tls.authorityFile == "/ca" && tls.certificateFile == "/c" && tls.privateKeyFile == "/k")
        #expect(tls.serverName == "n" && tls.verification == .trustOnly)
    }

    @Test("Options are read, each into its place")
    func options() throws {
        let engine = try settings("etcd://a?prefix=locks/&longestLease=10m&timeout=2s")
        #expect(engine.prefix == "locks/" && engine.longestLease == .seconds(600))
        #expect(engine.configuration.timeouts.call == .seconds(2))
        #expect(engine.configuration.timeouts.attempt == .seconds(2))
    }

    @Test(
        "What cannot be meant is refused, and never echoed",
        arguments: [
            "etcd:", "etcd://", "etcd://:0", "etcd://h:0", "etcd://h:70000", "etcd://h:x", "etcd://h/x", "etcd://a,,b",
            "etcd://a,a", "etcd://:secret@h", "etcd://h?timeout=secret", "etcd://h?ca=/x", "etcd://h?unknown=1",
            "etcds://h?key=/k", "etcds://h?verify=secret",
        ])
    func refused(url: String) {
        let error = #expect(throws: LockError.self) { try Engines.open(url) }
        #expect(error?.code == .invalidOption)
        #expect(error?.message.contains("secret") == false)
    }

    @Test("Settings that cannot be meant are refused before anything is connected")
    func settingsRefused() throws {
        for url in ["etcd://h?longestLease=25h", "etcd://h?longestLease=1s", "etcds://h?ca=/nowhere/ca.pem"] {
            let engine = try Engines.open(url)
            let context = EngineContext(logger: Logger(label: "test"), time: SystemTimeSource())
            let error = #expect(throws: LockError.self) { _ = try engine.makeBackend(context) }
            #expect(error?.code == .invalidOption, "\(url)")
        }
    }
}
