import Lockstead
import LocksteadTesting

/// Every engine of this package as the conformance suite meets it: a new engine is one more line.
let engineFixtures: [any ConformanceFixture] = [
    InProcessConformance(), FileConformance(), RedisConformance(), RedlockConformance(),
    EtcdConformance(), ZooKeeperConformance(),
]

/// The in-process engine.
struct InProcessConformance: ConformanceFixture {
    let engine = "memory"
    /// Nothing runs out here; the suite waits for twice as long to see that.
    let lease = Duration.milliseconds(300)

    func makeStore() async throws -> any ConformanceStore { Store() }

    private struct Store: ConformanceStore {
        let locks = InProcessStore()

        func makeBackend() async throws -> any LockBackend { InProcessBackend(store: locks) }

        func spawnHolder(of name: LockName, lease: Duration) async throws -> any ConformanceHolder {
            throw LockError(.unsupported, "The engine knows one process only.", effect: .didNotHappen)
        }

        func close() async {}
    }
}
