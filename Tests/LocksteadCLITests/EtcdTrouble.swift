import TestServers

/// What can be wrong with an etcd cluster, brought about at a real one; each has a message and an exit code of its own.
enum EtcdTrouble: String, CaseIterable, Sendable, ServerTrouble {
    case wrongPassword, noUser, forbidden, unreachable, plainTextToTLS, tlsToPlainText, untrusted, noCertificate
    case noMajority, full

    var code: Int32 {
        switch self {
        case .wrongPassword, .noUser, .forbidden: 77
        case .unreachable: 68
        case .plainTextToTLS, .tlsToPlainText, .untrusted, .noCertificate: 78
        case .noMajority: 69
        case .full: 73
        }
    }

    var words: String {
        switch self {
        case .wrongPassword: "Give the right user and password"
        case .noUser: "give one, as in etcd://user:password@host"
        case .forbidden: "Grant the user's role read and write on the prefix"
        case .unreachable: "Nobody answers at"
        case .plainTextToTLS, .tlsToPlainText, .untrusted, .noCertificate: "do not trust each other"
        case .noMajority: "A majority of the members must run and see each other"
        case .full: "Compact and defragment the store, then disarm the alarm"
        }
    }

    /// Starts what has it, and hands out its URL.
    func with(_ body: (String) async throws -> Void) async throws {
        switch self {
        case .unreachable: try await body("etcd://127.0.0.1:\(try Loopback.freePort())")
        case .noMajority: try await withoutMajority(body)
        default:
            let server = try await EtcdServer(setup)
            defer { server.kill() }
            try prepare(server)
            try await body(url(of: server))
        }
    }

    private var setup: EtcdServer.Setup {
        switch self {
        case .plainTextToTLS, .untrusted: .init(tls: true)
        case .noCertificate: .init(tls: true, clientCertificates: true)
        case .full: .init(options: ["--quota-backend-bytes", "65536"])
        default: .init()
        }
    }

    private func prepare(_ server: EtcdServer) throws {
        switch self {
        case .wrongPassword, .noUser, .forbidden:
            for words in [
                ["user", "add", "root:rootpw"], ["user", "grant-role", "root", "root"],
                ["user", "add", "ann:secret"], ["auth", "enable"],
            ] { try server.control(words) }
        case .full:
            // The put that finds the quota used up raises the alarm, and is refused.
            for number in 0..<64 {
                _ = try? server.control("put", "filler\(number)", String(repeating: "x", count: 4_096))
            }
        default: break
        }
    }

    private func url(of server: EtcdServer) -> String {
        let authority = server.certificates.map { "?ca=\($0.authority)" } ?? ""
        return switch self {
        case .wrongPassword: "etcd://ann:wrong@\(server.authority)"
        case .forbidden: "etcd://ann:secret@\(server.authority)"
        case .tlsToPlainText, .untrusted: "etcds://\(server.authority)"
        case .noCertificate: "etcds://\(server.authority)\(authority)"
        default: "etcd://\(server.authority)"
        }
    }

    private func withoutMajority(_ body: (String) async throws -> Void) async throws {
        let cluster = try await EtcdCluster()
        defer { cluster.kill() }
        try await cluster.killMajority()
        try await body("etcd://\(cluster.authority)")
    }
}
