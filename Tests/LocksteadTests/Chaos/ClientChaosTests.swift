import LocksteadTesting
import Testing

@testable import Lockstead

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("LockClient: chaos over a real engine", .timeLimit(.minutes(10)))
struct ClientChaosTests {
    /// `LOCKSTEAD_CHAOS_SEEDS=first...last` runs other seeds than the usual few.
    static let seeds: [UInt64] = {
        guard let text = getenv("LOCKSTEAD_CHAOS_SEEDS") else { return Array(1...6) }
        let ends = String(cString: text).split(separator: ".", omittingEmptySubsequences: true).compactMap {
            UInt64($0)
        }
        guard let first = ends.first, let last = ends.last, first <= last else { return [] }
        return Array(first...last)
    }()

    @Test(
        "Whatever is cancelled, lost and cut: one holder at a time, tokens rise, nothing is left (S1, S2, R10, R15, R17, R23, R26)",
        arguments: seeds)
    func chaos(seed: UInt64) async throws {
        let store = InProcessStore()
        let witness = Witness()
        var generator = ChaosGenerator(seed: seed)
        let worlds = (0..<2).map { _ in ChaosWorld(store, witness, &generator) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await tellOfStandstill(store, worlds) }
            await withTaskGroup(of: Void.self) { lives in
                for world in worlds {
                    let seed = generator.next()
                    lives.addTask { await world.live(seed: seed) }
                }
            }
            group.cancelAll()
        }
        #expect(witness.problems == [], "seed \(seed)")
        #expect(witness.entries > 0)
        for world in worlds { world.expectRest(seed) }
        let judge = InProcessBackend(store: store)
        let left = try await judge.list(prefix: "", limit: 1_000, deadline: .distantFuture)
        #expect(left.map(\.name.text) == [], "seed \(seed): held by nobody")
        withExtendedLifetime(worlds) {}
    }
}

/// Says who holds what and who waits, where a life that takes a second is not over after twenty.
private func tellOfStandstill(_ store: InProcessStore, _ worlds: [ChaosWorld]) async {
    guard (try? await Task.sleep(for: .seconds(20))) != nil else { return }  // Cancelled: all is well.
    let judge = InProcessBackend(store: store)
    let left = try? await judge.list(prefix: "", limit: 1_000, deadline: .distantFuture)  // It never fails.
    Issue.record("standstill: \(String(describing: left))")
    for world in worlds {
        Issue.record(
            """
            registered \(world.client.registry.all.map { ($0.grant, $0.leaseState) }), activities \
            \(world.client.gate.activities), in line \(world.client.lines.waiterCount), leased \(world.isLeased), \
            in line at all \(world.backend.capabilities.queuesLocally)
            """)
    }
}

/// SplitMix64.
struct ChaosGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &self)]
    }
    mutating func micros(_ most: Int) -> Duration { .microseconds(Int.random(in: 0...most, using: &self)) }
}
