import Lockstead
import LocksteadTesting
import Logging
import Testing

@Suite("The test kit", .timeLimit(.minutes(1)))
struct KitTests {
    @Test("A seed gives the same draws everywhere, another seed gives others, and a split disturbs nothing")
    func seeds() {
        var draw = SeededGenerator(seed: 0)
        // The generator's published first outputs for the seed 0.
        #expect([draw.next(), draw.next()] == [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4])
        var (one, two, other) = (SeededGenerator(seed: 7), SeededGenerator(seed: 7), SeededGenerator(seed: 8))
        #expect((0..<50).map { _ in one.next() } == (0..<50).map { _ in two.next() })
        let (drawn, otherwise) = (one.next(), other.next())
        #expect(drawn == two.next())
        #expect(drawn != otherwise)
        var child = one.split()
        _ = two.next()
        _ = (0..<9).map { _ in child.next() }
        #expect(one.next() == two.next())
    }

    @Test("An event of probability 0 never happens, of 1 always, of one half about half the time")
    func chances() {
        var draw = SeededGenerator(seed: 3)
        #expect((0..<100).allSatisfy { _ in !draw.chance(0) })
        #expect((0..<100).allSatisfy { _ in draw.chance(1) })
        let half = (0..<1_000).count { _ in draw.chance(0.5) }
        #expect((400...600).contains(half))
    }

    @Test("A fact is awaited, whether it is there already, comes later, or the wait is cancelled")
    func facts() async {
        let number = Watched(0)
        await number.until { $0 == 0 }
        async let waits: Void = number.until { $0 >= 3 }
        for _ in 0..<3 { number.update { $0 += 1 } }
        await waits
        #expect(number.value == 3)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await number.until { _ in false } }
            group.cancelAll()
        }
    }

    @Test("A captured log keeps level, message and the facts of call and logger, and can be awaited")
    func logs() async {
        let log = LogCapture()
        var logger = log.logger
        logger[metadataKey: "from"] = "logger"
        async let heard: Void = log.until { $0.level == .error }
        logger.trace("a", metadata: ["x": "1"])
        logger.error("b", metadata: ["from": "call"])
        await heard
        #expect(log.entries.map(\.message) == ["a", "b"])
        #expect(log.entries.map { $0.metadata["from"] } == ["logger", "call"])
        await log.until(2) { _ in true }
    }

    @Test("A collecting observer keeps what a client does, in order, and can be awaited")
    func observer() async throws {
        let observer = CollectingObserver()
        let engine = LockEngine(name: "memory") { _ in InProcessBackend(store: InProcessStore()) }
        try await LockClient.with(engine, observer: observer) { client in
            async let granted: Void = observer.until { if case .granted = $0.event { true } else { false } }
            try await client.withLock("a") { _ in await observer.until(2) { _ in true } }
            await granted
        }
        let names = observer.observations.map { "\($0.event)".prefix { $0 != "(" } }
        #expect(names.first == "attempted")
        #expect(names.last == "released")
    }
}
