import Foundation
import TestServers

/// What can be wrong with a Redis server, brought about at a real one; each has a message and an exit code of its own.
enum RedisTrouble: String, CaseIterable, Sendable, ServerTrouble {
    case wrongPassword, forbidden, forbiddenInside, unreachable, plainTextToTLS, tlsToPlainText, untrusted, readOnly,
        outOfMemory,
        loading
    case evicting

    /// The exit code.
    var code: Int32 {
        switch self {
        case .wrongPassword, .forbidden, .forbiddenInside: 77
        case .unreachable: 68
        case .plainTextToTLS, .tlsToPlainText, .untrusted: 78
        case .readOnly: 74
        case .outOfMemory: 73
        case .loading, .evicting: 69
        }
    }

    /// What the message must hold.
    var words: String {
        switch self {
        case .wrongPassword: "no such user with this password"
        case .forbidden, .forbiddenInside: "The ACL user may not do this"
        case .unreachable: "cannot be reached"
        case .plainTextToTLS: "use rediss://"
        case .tlsToPlainText: "use redis://"
        case .untrusted: "The TLS handshake"
        case .readOnly: "is a replica, which takes no locks; connect to its primary"
        case .outOfMemory: "raise maxmemory"
        case .loading: "still reads its data; try again"
        case .evicting: "set maxmemory-policy noeviction"
        }
    }

    /// Starts a server that has it, and hands out its URL.
    func with(_ body: (String) async throws -> Void) async throws {
        let (url, servers) = try await begin()
        try await body(url)
        // A server ends with its last reference.
        withExtendedLifetime(servers) {}
    }

    private func begin() async throws -> (url: String, servers: [RedisServer]) {
        switch self {
        case .unreachable: return ("redis://127.0.0.1:\(try Loopback.freePort())", [])
        case .readOnly: return try await replica()
        case .loading: return try await loading()
        default:
            let server = try await RedisServer(
                tls: self == .plainTextToTLS || self == .untrusted, options: options)
            return (url(of: server), [server])
        }
    }

    private var options: [String] {
        switch self {
        case .wrongPassword: ["--requirepass", "secret"]
        case .forbidden: ["--user", "ann", "on", ">secret", "~*", "&*", "+@all", "-evalsha", "-eval"]
        // Scripts may run, and not do what they do.
        case .forbiddenInside: ["--user", "ann", "on", ">secret", "~*", "&*", "+@all", "-get"]
        case .outOfMemory: ["--maxmemory", "1mb", "--maxmemory-policy", "noeviction"]
        case .evicting: ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]
        default: []
        }
    }

    private func url(of server: RedisServer) -> String {
        switch self {
        case .wrongPassword: "redis://:wrong@127.0.0.1:\(server.port)"
        case .forbidden, .forbiddenInside: "redis://ann:secret@127.0.0.1:\(server.port)"
        case .tlsToPlainText, .untrusted: "rediss://127.0.0.1:\(server.port)"
        default: "redis://127.0.0.1:\(server.port)"
        }
    }

    private func replica() async throws -> (url: String, servers: [RedisServer]) {
        let primary = try await RedisServer()
        let replica = try await RedisServer(options: ["--replicaof", "127.0.0.1", "\(primary.port)"])
        return (url(of: replica), [primary, replica])
    }

    /// One that takes a minute to read what it had saved, and says so meanwhile.
    private func loading() async throws -> (url: String, servers: [RedisServer]) {
        let server = try await RedisServer(options: [
            "--key-load-delay", "10000", "--loading-process-events-interval-bytes", "1024",
        ])
        try server.ask("EVAL", "for i = 1, 6000 do redis.call('SET', i, string.rep('x', 100)) end", "0")
        try server.ask("SAVE")
        server.kill()
        try await server.restart()
        return (url(of: server), [server])
    }
}
