import LocksteadTesting
import Testing

@testable import Lockstead

/// One client of the shared store, behind a cable of its own, and the tasks that misuse it.
struct ChaosWorld: Sendable {
    static let tasks = 8
    static let actsPerTask = 20
    /// Where nobody gets on, nobody uses up what is to be lost, and it would be lost for ever.
    static let mostLosses = 40

    let backend: any LockBackend
    let client: LockClient
    let cable = Cable()
    let witness: Witness
    let isLeased: Bool

    init(_ store: InProcessStore, _ witness: Witness, _ generator: inout ChaosGenerator) {
        let faulty = FaultyBackend(InProcessBackend(store: store), on: cable)
        isLeased = generator.chance(75)
        backend =
            isLeased
            ? LeasedBackend(
                faulty, time: SystemTimeSource(), queuesLocally: generator.chance(60),
                removing: generator.chance(30) ? .severalNames : [])
            : faulty
        var configuration = LockClient.Configuration()
        configuration.callDeadline = .seconds(1)
        client = LockClient(backend, configuration: configuration, logger: .silent)
        self.witness = witness
    }

    /// Runs the client while its tasks do what the seed says, and ends with a cable that carries everything.
    func live(seed: UInt64) async {
        let end = await error {
            try await client.whileRunning { _ in
                await withDiscardingTaskGroup { group in
                    let isOver = Watched(false)
                    group.addTask { await vex(until: isOver, seed: seed) }
                    await withDiscardingTaskGroup { actors in
                        for index in 0..<UInt64(Self.tasks) { actors.addTask { await act(seed: seed &+ index) } }
                    }
                    isOver.update { $0 = true }
                }
                cable.mend()
            }
        }
        if let end { witness.blame("the client ended with \(end)") }
    }

    func expectRest(_ seed: UInt64) {
        #expect(client.registry.count == 0, "seed \(seed): grants are still registered")
        #expect(client.registry.plannedCount == 0, "seed \(seed): grants are still planned")
        #expect(client.gate.activities == 0, "seed \(seed): activities have not ended")
        #expect(client.lines.waiterCount == 0, "seed \(seed): somebody waits in a local queue")
    }

    /// The network at its worst: answers are lost, and the cable is cut for a moment.
    private func vex(until isOver: Watched<Bool>, seed: UInt64) async {
        var generator = ChaosGenerator(seed: ~seed)
        var losses = 0
        while !isOver.value {
            // A lost answer costs a clean-up of 50 ms and more: with more of them everybody would wait for those alone.
            if generator.chance(30), losses < Self.mostLosses {
                cable.loseAnswers(1)
                losses += 1
            }
            if generator.chance(10) {
                cable.cut()
                await pause(generator.micros(3_000))
                cable.mend()
            }
            if generator.chance(10) {
                // Whether there was anything to release does not matter.
                _ = await error { _ = try await client.forceRelease("forced", reason: "chaos") }
            }
            await pause(generator.micros(20_000))
        }
    }

    private func act(seed: UInt64) async {
        var generator = ChaosGenerator(seed: seed)
        for _ in 0..<Self.actsPerTask {
            let actor = ChaosActor(world: self, seed: generator.next())
            // Awaited below; it may be cancelled at any point on its way.
            let task = Task { try await actor.act() }
            if generator.chance(35) {
                await pause(generator.micros(2_500))
                task.cancel()
            }
            judge(await task.result)
        }
    }

    /// Only these ends are ends that a caller must expect.
    private func judge(_ result: Result<Void, any Error>) {
        guard case .failure(let error) = result, !(error is CancellationError) else { return }
        let expected: Set<LockError.Code> = [.timedOut, .indeterminate, .engineUnavailable, .leaseLost, .wouldDeadlock]
        guard let error = error as? LockError, expected.contains(error.code) else {
            return witness.blame("unexpected: \(error)")
        }
    }
}

/// A while in which things happen elsewhere; a cancelled task does not tarry.
func pause(_ duration: Duration) async {
    // The sleep ends early only when it is cancelled, which is as good an end.
    try? await Task.sleep(for: duration)
}
