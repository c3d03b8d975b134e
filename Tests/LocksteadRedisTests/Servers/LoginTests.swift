import Lockstead
import RESP
import Testing
import TestServers

@testable import LocksteadRedis

@Suite("Log-in and TLS at a real server")
struct LoginTests {
    static let versions: [RedisConfiguration.ProtocolVersion] = [.negotiated, .resp2, .resp3]

    @Test("Name, database, user and password are what was configured", arguments: versions)
    func settings(version: RedisConfiguration.ProtocolVersion) async throws {
        let server = try await RedisServer(options: ["--user", "ann", "on", ">secret", "~*", "&*", "+@all"])
        var configuration = server.configuration
        (configuration.user, configuration.password) = ("ann", "secret")
        (configuration.database, configuration.clientName, configuration.protocolVersion) = (3, "tester", version)
        try await withNode(configuration) { (node) async throws in
            #expect(try await node.say("ACL WHOAMI").text == "ann")
            let info = try await node.say("CLIENT INFO").text ?? ""
            #expect(info.contains("name=tester"))
            #expect(info.contains("db=3"))
        }
    }

    @Test("A wrong or missing password is told as that", arguments: versions, [String?.none, "wrong"])
    func wrongPassword(version: RedisConfiguration.ProtocolVersion, password: String?) async throws {
        let server = try await RedisServer(options: ["--requirepass", "secret"])
        var configuration = server.configuration
        (configuration.password, configuration.protocolVersion) = (password, version)
        try await withNode(configuration) { (node) async throws in
            let error = await failure { () async throws(RedisError) in try await node.say("PING") }
            #expect(error?.code == .authenticationFailed, "\(String(describing: error))")
            #expect(error?.effect == .didNotHappen)
        }
    }

    @Test("The password alone is the default user's", arguments: versions)
    func defaultUser(version: RedisConfiguration.ProtocolVersion) async throws {
        let server = try await RedisServer(options: ["--requirepass", "secret"])
        var configuration = server.configuration
        (configuration.password, configuration.protocolVersion) = ("secret", version)
        try await withNode(configuration) { (node) async throws in
            #expect(try await node.say("ACL WHOAMI").text == "default")
        }
    }

    @Test("What the ACL forbids is told as that")
    func permissions() async throws {
        let server = try await RedisServer(options: ["--user", "ann", "on", ">secret", "~a", "+get"])
        var configuration = server.configuration
        (configuration.user, configuration.password) = ("ann", "secret")
        try await withNode(configuration) { (node) async throws in
            #expect(try await node.say("GET a").isNull)
            let error = await failure { () async throws(RedisError) in try await node.say("SET a 1") }
            #expect(error?.code == .permissionDenied)
        }
    }

    @Test("Nobody there is told at once")
    func unreachable() async throws {
        let configuration = RedisConfiguration(endpoints: [.host("127.0.0.1", port: try Loopback.freePort())])
        try await withNode(configuration) { (node) async throws in
            let error = await failure { () async throws(RedisError) in try await node.say("PING") }
            #expect(error?.code == .unreachable)
            #expect(error?.effect == .didNotHappen)
        }
    }

    @Test("Plain text to a TLS port, and TLS to a plain port, are told as that")
    func mismatch() async throws {
        let secure = try await RedisServer(tls: true)
        var configuration = secure.configuration
        configuration.tls = nil
        try await withNode(configuration) { (node) async throws in
            let error = await failure { () async throws(RedisError) in try await node.say("PING") }
            #expect(error?.code == .tlsMismatch, "\(String(describing: error))")
            #expect(error?.message.contains("rediss://") == true)
        }
        let plain = try await RedisServer()
        configuration = plain.configuration
        configuration.tls = TLSSettings()
        try await withNode(configuration) { (node) async throws in
            let error = await failure { () async throws(RedisError) in try await node.say("PING") }
            #expect(error?.code == .tlsMismatch, "\(String(describing: error))")
        }
    }

    @Test("A certificate must be trusted and bear the name, unless that is switched off")
    func verification() async throws {
        // Its certificate names no address, only "client".
        let server = try await RedisServer(tls: true, identity: { $0.client })
        for (change, code) in Self.verifications {
            var configuration = server.configuration
            var tls = configuration.tls ?? TLSSettings()
            change(&tls)
            configuration.tls = tls
            try await withNode(configuration) { (node) async throws in
                let error = await failure { () async throws(RedisError) in try await node.say("PING") }
                #expect(error?.code == code, "\(String(describing: error))")
            }
        }
    }

    private static let verifications: [(@Sendable (inout TLSSettings) -> Void, RedisError.Code?)] = [
        ({ $0.serverName = "client" }, nil),
        ({ _ in }, .tlsFailed),
        ({ $0.serverName = "elsewhere" }, .tlsFailed),
        ({ ($0.serverName, $0.verification) = ("elsewhere", .trustOnly) }, nil),
        ({ ($0.serverName, $0.authorityFile) = ("client", nil) }, .tlsFailed),
        ({ ($0.authorityFile, $0.verification) = (nil, .trustOnly) }, .tlsFailed),
        ({ ($0.authorityFile, $0.verification) = (nil, .insecure) }, nil),
        ({ ($0.serverName, $0.authorityFile) = ("client", "/nonexistent.pem") }, .tlsFailed),
    ]

    @Test("A server that asks for our certificate gets it; without one it refuses")
    func clientCertificate() async throws {
        let server = try await RedisServer(tls: true, clientCertificates: true)
        var configuration = server.configuration
        try await withNode(configuration) { (node) async throws in
            let error = await failure { () async throws(RedisError) in try await node.say("PING") }
            #expect(error != nil)
            #expect(error?.effect == .didNotHappen)
        }
        configuration.tls?.certificateFile = server.certificates?.client.certificate
        configuration.tls?.privateKeyFile = server.certificates?.client.key
        try await withNode(configuration) { (node) async throws in
            #expect(try await node.say("PING").text == "PONG")
        }
    }
}
