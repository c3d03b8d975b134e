import Lockstead
import LocksteadTesting
import Testing

/// No engine of this package lacks everything, and a refusal must be tested all the same.
@Suite("An engine that lacks a capability", .serialized)
struct LackingEngineTests {
    static let needsRegisters = ConformanceSuite.cases.filter { $0.needs.contains(.registers) }.map(\.id)

    @Test("is tested to refuse what needs it, case by case", arguments: needsRegisters)
    func refuses(id: String) async throws {
        let testCase = try #require(ConformanceSuite.cases.first { $0.id == id })
        let result = await ConformanceSuite.run(testCase, on: Lacking(feature: .registers))
        guard case .refused(let missing) = result.verdict else {
            Issue.record("\(id): \(result.verdict)")
            return
        }
        #expect(missing.contains("registers"))
    }

    @Test("has its kinds of lock that remember refused by the client, before anything is sent")
    func kinds() async throws {
        let backend = PlainBackend(InProcessBackend(store: InProcessStore()), without: .registers)
        try await LockClient.with(LockEngine(name: "memory") { _ in backend }) { client in
            let (latch, gate) = (try client.latch("l", count: 1), try client.barrier("g"))
            let (together, cache) = (try client.doubleBarrier("d", parties: 1), try client.cache("c"))
            let calls: [@Sendable () async throws -> Void] = [
                { try await latch.wait() }, { try await latch.countDown() }, { try await gate.close() },
                { try await gate.wait() }, { _ = try await together.enter() },
                { _ = try await client.runOnce("o") { _ in } }, { _ = try await cache.value(for: "k") { _ in [] } },
            ]
            for call in calls {
                let error = await #expect(throws: LockError.self) { try await call() }
                #expect(error?.code == .unsupported && error?.effect == .didNotHappen)
            }
        }
    }

    @Test("is noticed where it declares nothing and takes it all the same")
    func secretAbility() async throws {
        let testCase = try #require(ConformanceSuite.cases.first { $0.id == "register/content" })
        let result = await ConformanceSuite.run(testCase, on: Lacking(feature: .registers, isHonest: false))
        guard case .failed = result.verdict else {
            Issue.record("an engine that refuses nothing was told \(result.verdict)")
            return
        }
    }

    private struct Lacking: ConformanceFixture {
        let feature: Capabilities.Features
        var isHonest = true
        let engine = "memory"
        let lease = Duration.milliseconds(300)

        func makeStore() async throws -> any ConformanceStore { Store(feature: feature, isHonest: isHonest) }
    }

    private struct Store: ConformanceStore {
        let feature: Capabilities.Features
        let isHonest: Bool
        let locks = InProcessStore()

        func makeBackend() async throws -> any LockBackend {
            let whole = InProcessBackend(store: locks)
            return isHonest ? PlainBackend(whole, without: feature) : SecretBackend(whole, without: feature)
        }
        func spawnHolder(of name: LockName, lease: Duration) async throws -> any ConformanceHolder {
            throw LockError(.unsupported, "The engine knows one process only.", effect: .didNotHappen)
        }
        func close() async {}
    }
}
