import Lockstead
import LocksteadEngines
import LocksteadTesting
import Synchronization
import TestProcesses
import TestServers

/// Redis: a real server for each store; its holders are real processes.
struct RedisConformance: ConformanceFixture {
    let engine = "redis"
    /// How the server is reached.
    var variant = Variant.usual

    /// The ways in which the server is reached.
    enum Variant: String, CaseIterable, Sendable {
        /// RESP3, as negotiated.
        case usual
        /// The serialization of old servers and of many proxies.
        case resp2
        /// Encrypted.
        case tls
        /// The fork, under its own scheme.
        case valkey
    }

    func makeStore() async throws -> any ConformanceStore {
        let server = try await RedisServer(variant == .valkey ? .valkey : .redis, tls: variant == .tls)
        let authority = server.certificates.map { "&ca=\($0.authority)" } ?? ""
        let options = "prefix=test:\(variant == .resp2 ? "&protocol=2" : "")\(authority)"
        let scheme = variant == .tls ? "rediss" : variant == .valkey ? "valkey" : "redis"
        return ServerStore(url: "\(scheme)://127.0.0.1:\(server.port)/1?\(options)") { server.kill() }
    }
}

/// A store that is a URL: an engine with a server.
final class ServerStore: ConformanceStore {
    private let url: String
    private let holders = Mutex<[HolderProcess]>([])

    private let stop: @Sendable () -> Void

    init(url: String, stop: @escaping @Sendable () -> Void) { (self.url, self.stop) = (url, stop) }

    func makeBackend() async throws -> any LockBackend {
        try Engines.open(url).makeBackend(
            EngineContext(logger: .conformance, time: SystemTimeSource()))
    }

    func spawnHolder(of name: LockName, lease: Duration) async throws -> any ConformanceHolder {
        let milliseconds = Int64(lease / .milliseconds(1))
        let process = try HolderProcess(url, name.text, "--client", "--lease=\(milliseconds)")
        holders.withLock { $0.append(process) }
        return ProcessHolder(process: process, token: try await process.token())
    }

    func close() async {
        for holder in holders.withLock({ $0 }) { holder.destroy() }
        stop()
    }
}
