import LocksteadTesting
import Testing
import TestServers

/// ZooKeeper: each store under a node of its own of servers that the suite shares, because a Java takes seconds to start.
struct ZooKeeperConformance: ConformanceFixture {
    let engine = "zookeeper"

    func makeStore() async throws -> any ConformanceStore {
        if let url = RunningZooKeeper.url {
            return ServerStore(url: url.replacing("CHROOT", with: "test\(UInt64.random(in: 0...UInt64.max))")) {}
        }
        let server = try await ZooKeeperServer()
        return ServerStore(url: "zookeeper://\(server.authority)?tickTime=100ms&longestLease=5m") { server.kill() }
    }
}

/// Has ZooKeeper servers run while a suite does.
struct RunningZooKeeper: SuiteTrait, TestScoping {
    /// The ways.
    enum Way: Sendable {
        case oneServer
        /// Three servers, all of them named.
        case threeServers
        /// One server that asks for certificates, with a user whose nodes nobody else may touch.
        case secured
        /// Contenders named as kazoo names its own.
        case kazooLayout
    }

    /// With `CHROOT` where a store's own node goes.
    @TaskLocal static var url: String?
    let way: Way

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard ZooKeeperServer.isRequired else { return try await function() }
        switch way {
        case .oneServer, .kazooLayout:
            let server = try await ZooKeeperServer()
            defer { server.kill() }
            let layout = way == .kazooLayout ? "&layout=kazoo" : ""
            let url = "zookeeper://\(server.authority)/CHROOT?tickTime=100ms&longestLease=5m\(layout)"
            try await Self.$url.withValue(url) { try await function() }
        case .threeServers:
            let ensemble = try await ZooKeeperEnsemble()
            defer { ensemble.kill() }
            let url = "zookeeper://\(ensemble.authority)/CHROOT?tickTime=100ms&longestLease=5m"
            try await Self.$url.withValue(url) { try await function() }
        case .secured:
            let server = try await ZooKeeperServer(.init(tls: true, clientCertificates: true))
            defer { server.kill() }
            let tls = server.certificates.map {
                "&ca=\($0.authority)&certificate=\($0.client.certificate)&key=\($0.client.key)"
            }
            let url = "zookeepers://ada:secret@\(server.authority)/CHROOT?tickTime=100ms&longestLease=5m\(tls ?? "")"
            try await Self.$url.withValue(url) { try await function() }
        }
    }
}

extension Trait where Self == RunningZooKeeper {
    /// Servers for the whole suite.
    static func zooKeeper(_ way: RunningZooKeeper.Way) -> Self { RunningZooKeeper(way: way) }
}

@Suite(
    "Conformance of three ZooKeeper servers", .serialized,
    .enabled(if: ZooKeeperServer.isRequired, "dev/setup installs zookeeper"), .zooKeeper(.threeServers))
struct ZooKeeperEnsembleTests {
    @Test("Every case holds on three servers", arguments: ConformanceSuite.cases.indices)
    func conforms(index: Int) async throws { try await ZooKeeperCase.run(index) }
}

@Suite(
    "Conformance of ZooKeeper with TLS and users", .serialized,
    .enabled(if: ZooKeeperServer.isRequired, "dev/setup installs zookeeper"), .zooKeeper(.secured))
struct ZooKeeperSecuredTests {
    @Test("Every case holds with TLS and a user", arguments: ConformanceSuite.cases.indices)
    func conforms(index: Int) async throws { try await ZooKeeperCase.run(index) }
}

@Suite(
    "Conformance of ZooKeeper on kazoo's layout", .serialized,
    .enabled(if: ZooKeeperServer.isRequired, "dev/setup installs zookeeper"), .zooKeeper(.kazooLayout))
struct ZooKeeperKazooTests {
    @Test("Every case holds on kazoo's layout", arguments: ConformanceSuite.cases.indices)
    func conforms(index: Int) async throws { try await ZooKeeperCase.run(index) }
}

/// One case on the suite's servers.
enum ZooKeeperCase {
    static func run(_ index: Int) async throws {
        let testCase = ConformanceSuite.cases[index]
        let result = await ConformanceSuite.run(testCase, on: ZooKeeperConformance())
        if case .failed(let why) = result.verdict { Issue.record("\(testCase.id): \(testCase.sentence): \(why)") }
    }
}
