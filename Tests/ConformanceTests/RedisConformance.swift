import Foundation
import Lockstead
import LocksteadEngines
import LocksteadTesting
import Logging
import Synchronization
import TestProcesses
import TestServers

/// Redis: one real server for the whole run, and a prefix of its own for each store; its holders are real processes.
struct RedisConformance: ConformanceFixture {
    let engine = "redis"
    /// What is added to the URL, and how the server is started.
    var variant = Variant.usual

    /// The ways in which the server is reached.
    enum Variant: String, CaseIterable, Sendable {
        /// RESP3, as negotiated.
        case usual
        /// The serialization of old servers and of many proxies.
        case resp2
        /// Encrypted.
        case tls
    }

    func makeStore() async throws -> any ConformanceStore {
        let server = try await SharedRedis.server(withTLS: variant == .tls)
        var options = "prefix=\(UUID().uuidString):"
        if variant == .resp2 { options += "&protocol=2" }
        if variant == .tls { options += "&ca=\(server.authority)" }
        return ServerStore(url: "\(server.url)?\(options)")
    }
}

/// The servers that all stores share, started when they are first asked for.
actor SharedRedis {
    private static let shared = SharedRedis()
    private var servers: [Bool: Task<RedisServer, any Error>] = [:]

    static func server(withTLS: Bool) async throws -> RedisServer { try await shared.server(withTLS) }

    private func server(_ withTLS: Bool) async throws -> RedisServer {
        // Kept and awaited by everyone who asks.
        let starting = servers[withTLS] ?? Task {
            var setup = RedisServer.Setup()
            setup.withTLS = withTLS
            return try await RedisServer(setup)
        }
        servers[withTLS] = starting
        return try await starting.value
    }
}

/// A store that is a URL: an engine with a server.
final class ServerStore: ConformanceStore {
    private let url: String
    private let holders = Mutex<[HolderProcess]>([])

    init(url: String) { self.url = url }

    func makeBackend() async throws -> any LockBackend {
        try Engines.open(url).makeBackend(
            EngineContext(logger: Logger(label: "conformance"), time: SystemTimeSource()))
    }

    func spawnHolder(of name: LockName, lease: Duration) async throws -> any ConformanceHolder {
        let milliseconds = Int64(lease / .milliseconds(1))
        let process = try HolderProcess(url, name.text, "--client", "--lease=\(milliseconds)")
        holders.withLock { $0.append(process) }
        return ProcessHolder(process: process, token: try await process.token())
    }

    func close() async {
        for holder in holders.withLock({ $0 }) { holder.destroy() }
    }
}
