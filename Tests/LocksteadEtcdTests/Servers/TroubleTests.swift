import Lockstead
import Testing
import TestServers

@testable import LocksteadEtcd

/// Users, certificates, and members that do not answer: each a clear error.
@Suite("Trouble with members", .serialized)
struct TroubleTests {
    /// The error of a lock that cannot be had.
    private func failure(
        _ members: [EtcdServer], wait: Duration = .seconds(3), _ change: (inout EtcdEngine) -> Void
    ) async throws -> (LockError?, Duration) {
        try await EtcdFixture.with(members, change) { fixture in
            let deadline = fixture.time.now.advanced(by: wait)
            return try await fixture.timed {
                do {
                    _ = try await fixture.backend.acquire(try fixture.request("a", wait: .until(deadline)))
                    return nil
                } catch let error as LockError { return error }
            }
        }
    }

    @Test("Certificates prove both sides; a wrong one, none, and plain text are told apart from nobody there")
    func certificates() async throws {
        let server = try await EtcdServer(.init(tls: true, clientCertificates: true))
        defer { server.kill() }
        let certificates = try #require(server.certificates)
        var tls = TLSSettings()
        (tls.authorityFile, tls.certificateFile) = (certificates.authority, certificates.client.certificate)
        tls.privateKeyFile = certificates.client.key
        let good = tls
        try await EtcdFixture.with([server], { $0.configuration.tls = good }) { fixture in
            let held = try await fixture.hold("a")
            #expect(try await fixture.backend.release(held, deadline: fixture.soon) == .released)
        }
        var (strangers, anonymous) = (good, good)
        strangers.authorityFile = nil
        (anonymous.certificateFile, anonymous.privateKeyFile) = (nil, nil)
        for wrong in [strangers, anonymous] {
            let (error, _) = try await failure([server]) { $0.configuration.tls = wrong }
            #expect(error?.code == .engineUnavailable && error?.effect == .didNotHappen, "\(String(describing: error))")
        }
        let (plain, _) = try await failure([server]) { _ in }
        #expect(plain?.code == .engineUnavailable, "\(String(describing: plain))")
    }

    @Test("A file that is no certificate is refused before anything is connected")
    func badFiles() async throws {
        var tls = TLSSettings()
        tls.authorityFile = "/nowhere/ca.pem"
        let wrong = tls
        let error = #expect(throws: LockError.self) {
            var engine = EtcdEngine(EtcdConfiguration(endpoints: [EtcdEndpoint("127.0.0.1")]))
            engine.configuration.tls = wrong
            _ = try EtcdBackend(engine, context: EngineContext(logger: .silent, time: SystemTimeSource()))
        }
        #expect(error?.code == .invalidOption)
    }

    @Test("Users log in, tokens that ran out are renewed unseen, and the wrong ones and the powerless are told so")
    func users() async throws {
        let server = try await EtcdServer(.init(options: ["--auth-token-ttl", "1"]))
        defer { server.kill() }
        try server.control("user", "add", "root:rootpw")
        try server.control("user", "grant-role", "root", "root")
        try server.control("user", "add", "ada:secret")
        try server.control("role", "add", "locks")
        try server.control("role", "grant-permission", "locks", "readwrite", "--prefix", "app/")
        try server.control("user", "grant-role", "ada", "locks")
        try server.control("auth", "enable")
        let ada: @Sendable (inout EtcdEngine) -> Void = { engine in
            (engine.configuration.user, engine.configuration.password, engine.prefix) = ("ada", "secret", "app/")
        }
        try await EtcdFixture.with([server], ada) { fixture in
            for _ in 0..<3 {
                let held = try await fixture.hold("a")
                #expect(try await fixture.backend.release(held, deadline: fixture.soon) == .released)
                // Longer than a token lasts: there is nothing to await, since the member tells nobody.
                try await fixture.time.sleep(until: fixture.time.now.advanced(by: .milliseconds(2_500)))
            }
        }
        let wrongs: [@Sendable (inout EtcdEngine) -> Void] = [
            { ($0.configuration.user, $0.configuration.password, $0.prefix) = ("ada", "wrong", "app/") },
            { ($0.configuration.user, $0.configuration.password, $0.prefix) = ("ada", "secret", "other/") },
            { $0.prefix = "app/" },
        ]
        for (index, wrong) in wrongs.enumerated() {
            let (error, _) = try await failure([server], wrong)
            #expect(error?.code == .permissionDenied, "\(index): \(String(describing: error))")
            #expect(error?.effect == .didNotHappen && error?.message.contains("secret") == false)
        }
    }

    @Test("Where nobody answers, or a member is held in its steps, a call ends within its deadline and 100 ms")
    func silence() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            let held = try await fixture.hold("a")
            server.pause()
            for wait in [Duration.milliseconds(200), .milliseconds(700)] {
                let deadline = fixture.time.now.advanced(by: wait)
                let (_, spent) = await fixture.timed {
                    // What it says is judged elsewhere.
                    try? await fixture.backend.acquire(try fixture.request("b", wait: .until(deadline)))
                }
                #expect(spent <= wait + .milliseconds(100) + .milliseconds(400), "\(wait): \(spent)")
            }
            server.resume()
            try await fixture.waitUntil("it is released") {
                // The first attempts may come before the member has caught up.
                (try? await fixture.backend.release(held, deadline: fixture.soon)) != nil
            }
        }
        server.kill()
        let (error, spent) = try await failure([server], wait: .milliseconds(500)) { _ in }
        #expect(error?.code == .engineUnavailable && error?.effect == .didNotHappen)
        #expect(spent <= .milliseconds(1_000), "\(spent)")
    }

    @Test("A member that comes back with its data serves on, and what was held is held still")
    func restart() async throws {
        let server = try await EtcdServer()
        defer { server.kill() }
        try await EtcdFixture.with([server]) { fixture in
            let held = try await fixture.hold("a")
            server.kill()
            try await server.restart()
            try await fixture.waitUntil("it is renewed") {
                guard case .renewed? = await fixture.backend.renew([held], deadline: fixture.soon).first else {
                    return false
                }
                return true
            }
            #expect(try await fixture.backend.release(held, deadline: fixture.soon) == .released)
        }
    }
}
