import Lockstead
import LocksteadZooKeeper
import Logging
import Testing

@testable import LocksteadEngines

@Suite("URLs of the ZooKeeper engine")
struct ZooKeeperURLTests {
    private func settings(_ url: String) throws -> ZooKeeperEngine { try ZooKeeperURL.settings(from: EngineURL(url)) }

    @Test("Servers, chroot, user and options are read, each into its place")
    func settings() throws {
        let engine = try settings(
            "zookeepers://me:s%40cret@a,b:2182,[::1]/teams/x?prefix=p&layout=kazoo&access=open&tickTime=2s&longestLease=1m&timeout=1s&ca=/ca"
        )
        let configuration = engine.configuration
        #expect(
            configuration.endpoints == [
                ZooKeeperEndpoint("a"), ZooKeeperEndpoint("b", port: 2182), ZooKeeperEndpoint("::1"),
            ])
        #expect(configuration.chroot == "/teams/x" && configuration.user == "me" && configuration.password == "s@cret")
        #expect(configuration.tls?.authorityFile == "/ca" && configuration.timeouts.call == .seconds(1))
        #expect(engine.prefix == "p" && engine.layout == .kazoo && engine.access == .open)
        #expect(engine.tickTime == .seconds(2) && engine.longestLease == .seconds(60))
        let plain = try settings("zookeeper://h")
        #expect(plain.layout == .curator && plain.access == nil && plain.configuration.tls == nil)
        #expect(plain.configuration.endpoints == [ZooKeeperEndpoint("h", port: 2181)])
    }

    @Test(
        "What cannot be meant is refused, and never echoed",
        arguments: [
            "zookeeper:", "zookeeper://", "zookeeper://h:0", "zookeeper://a,a", "zookeeper://:secret@h",
            "zookeeper://h?layout=secret", "zookeeper://h?tickTime=secret", "zookeeper://h?ca=/x",
            "zookeeper://h?unknown=1", "zookeepers://h?key=/k",
        ])
    func refused(url: String) {
        let error = #expect(throws: LockError.self) { try Engines.open(url) }
        #expect(error?.code == .invalidOption)
        #expect(error?.message.contains("secret") == false)
    }

    @Test(
        "Settings that cannot be meant are refused before anything is connected",
        arguments: [
            "zookeeper://h?longestLease=25h", "zookeeper://h?tickTime=2m", "zookeeper://h/a%20b", "zookeeper://h/..",
            "zookeeper://h?prefix=a%25b",
        ])
    func settingsRefused(url: String) throws {
        let engine = try Engines.open(url)
        let context = EngineContext(logger: Logger(label: "test"), time: SystemTimeSource())
        let error = #expect(throws: LockError.self) { _ = try engine.makeBackend(context) }
        #expect(error?.code == .invalidOption, "\(url)")
    }
}
