import Lockstead
import Testing
import TestServers

@testable import LocksteadRedis

@Suite("Watching a real server")
struct WatchTests {
    @Test(
        "A lock that was held before the watch of its prefix began is told when it runs out",
        arguments: ["", "w/", "w/1"])
    func earlierGrants(prefix: String) async throws {
        try await withBench(try await RedisServer()) { (bench) async throws in
            let held = try await bench.take(try bench.request("w/1", lease: .seconds(1)))
            var changes = bench.backend.changes(prefix: prefix).makeAsyncIterator()
            // Ends the watch where nothing is told. Awaited below.
            let limit = Task {
                try await Task.sleep(for: .seconds(8))
                await bench.stop()
            }
            let change = try await changes.next()
            #expect(change?.kind == .expired && change?.token == held.token && change?.name == held.names[0])
            limit.cancel()
            // Cancelled, as it should be.
            _ = await limit.result
        }
    }
}
