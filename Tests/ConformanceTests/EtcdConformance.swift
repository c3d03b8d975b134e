import LocksteadTesting
import TestServers

/// Etcd: a real member for each store, so that names need nothing before them; its holders are real processes.
struct EtcdConformance: ConformanceFixture {
    let engine = "etcd"

    func makeStore() async throws -> any ConformanceStore {
        let server = try await EtcdServer()
        return ServerStore(url: "etcd://\(server.authority)") { server.kill() }
    }
}
