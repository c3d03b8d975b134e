import LocksteadTesting
import TestServers

/// Redlock: three real servers for each store; its holders are real processes.
struct RedlockConformance: ConformanceFixture {
    let engine = "redlock"

    func makeStore() async throws -> any ConformanceStore {
        var servers: [RedisServer] = []
        for _ in 0..<3 { servers.append(try await RedisServer()) }
        let hosts = servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        let stopping = servers
        return ServerStore(url: "redlock://\(hosts)/1?prefix=test:") { for server in stopping { server.kill() } }
    }
}
