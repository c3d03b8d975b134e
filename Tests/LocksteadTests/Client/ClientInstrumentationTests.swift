import InMemoryTracing
import LocksteadTesting
import Logging
import Testing
import Tracing

@testable import Lockstead

@Suite("LockClient: observer, logs, metrics and spans", .timeLimit(.minutes(1)))
struct ClientInstrumentationTests {
    @Test("The observer is told an attempt, its wait, the grant, renewals and the release, in order")
    func observer() async throws {
        let fixture = ClientFixture()
        try await fixture.run { locks in
            let lock = try await locks.acquire("a", lease: .seconds(30))
            await fixture.advance(by: .seconds(10))
            await fixture.observer.until { if case .renewed = $0.event { true } else { false } }
            try await lock.release()
        }
        let seen = fixture.observer.observations
        let words = seen.map { "\($0.event)".prefix { $0 != "(" } }
        #expect(words == ["attempted", "granted", "waited", "renewed", "released"])
        #expect(Set(seen.map(\.names)).count == 1)
        #expect(Set(seen.map(\.owner)).count == 1)
        guard case .released(_, let held)? = seen.last?.event else {
            Issue.record("the last observation is no release")
            return
        }
        #expect(held == .seconds(10))
    }

    @Test("Attempts, waits and holds are counted under the fixed names, by engine, mode and outcome")
    func metrics() async throws {
        let metrics = RecordingMetrics()
        var configuration = LockClient.Configuration()
        configuration.metrics = metrics
        let fixture = ClientFixture(configuration: configuration)
        try await fixture.run { locks in
            let lock = try await locks.acquire("secret/name", mode: .shared, lease: .seconds(30))
            await fixture.advance(by: .seconds(10))
            await fixture.observer.until { if case .renewed = $0.event { true } else { false } }
            let missed = try await locks.tryAcquire("secret/name")
            #expect(missed == nil)
            try await lock.release()
            try await locks.withLock("b") { _ in try await locks.withLock("b") { _ in } }
            _ = try? await locks.withLock("b", lease: .seconds(10)) { _ in fixture.engine.advance(by: .seconds(11)) }
            await fixture.observer.until { if case .released = $0.event { true } else { false } }
        }
        let exclusive = ["backend": "strict", "mode": "exclusive"]
        let shared = ["backend": "strict", "mode": "shared"]
        #expect(metrics.sum("lockstead_acquire_attempts_total", shared.merging(["outcome": "granted"]) { $1 }) == 1)
        #expect(metrics.sum("lockstead_acquire_attempts_total", exclusive.merging(["outcome": "busy"]) { $1 }) == 1)
        #expect(
            metrics.sum("lockstead_acquire_attempts_total", exclusive.merging(["outcome": "reentered"]) { $1 }) == 1)
        #expect(metrics.sum("lockstead_contention_total", exclusive) == 1)
        #expect(metrics.sum("lockstead_hold_duration_seconds", shared) == 10e9)
        #expect(metrics.count("lockstead_held_duration_seconds") == 3)
        #expect(metrics.count("lockstead_wait_duration_seconds") == 4)
        #expect(metrics.count("lockstead_renew_margin_seconds", shared) == 1)
        #expect(metrics.sum("lockstead_waiters") == 0)
        #expect(metrics.count("lockstead_waiters") == 8)
        // Never a name, an owner or a token.
        let labels = Set(metrics.values.value.keys.flatMap { Array($0.dimensions.keys) })
        #expect(labels.isSubset(of: ["backend", "mode", "outcome", "reason"]))
        #expect(!metrics.values.value.keys.contains { $0.dimensions.values.contains { $0.contains("secret") } })
    }

    @Test("A loss is counted by its reason")
    func lossMetric() async throws {
        let metrics = RecordingMetrics()
        var configuration = LockClient.Configuration()
        configuration.metrics = metrics
        let fixture = ClientFixture(configuration: configuration)
        try await fixture.run { locks in
            let lock = try await locks.acquire("a")
            try await locks.forceRelease("a", reason: "a long story")
            await fixture.observer.until { if case .lost = $0.event { true } else { false } }
            _ = await error { try await lock.release() }
        }
        #expect(metrics.sum("lockstead_session_expirations_total", ["reason": "revoked", "backend": "strict"]) == 1)
    }

    @Test("Normal work logs nothing at info or above")
    func quiet() async throws {
        let log = LogCapture()
        let fixture = ClientFixture(logger: log.logger)
        try await fixture.run { locks in
            let lock = try await locks.acquire("a", lease: .seconds(30))
            let missed = try await locks.tryAcquire("a")
            #expect(missed == nil)
            await fixture.advance(by: .seconds(20))
            try await lock.release()
            try await locks.withLock("b") { _ in }
        }
        #expect(log.entries.filter { $0.level >= .info }.isEmpty)
        #expect(Set(log.entries.map(\.message)) == ["lock_attempt"])
    }

    @Test("A dropped handle is an error in the log, and a loss too, with facts in the metadata")
    func errors() async throws {
        let log = LogCapture()
        let fixture = ClientFixture(logger: log.logger)
        try await fixture.run { locks in
            _ = try await locks.acquire("a", lease: .seconds(10))
            await log.until { $0.level == .error }
            await fixture.advance(by: .seconds(10))
            await fixture.observer.until { if case .lost = $0.event { true } else { false } }
        }
        let errors = log.entries.filter { $0.level == .error }
        #expect(errors.map(\.message) == ["lock_error", "lock_error"])
        #expect(errors.map { $0.metadata["what"] } == ["a handle was dropped without a release", "the lease is lost"])
        #expect(errors[0].metadata["lock.names"] == .array(["a"]))
    }

    @Test("Spans lock.acquire, lock.hold and lock.release, without the name, and the hold is around the body")
    func spans() async throws {
        let tracer = InMemoryTracer()
        var configuration = LockClient.Configuration()
        configuration.tracer = tracer
        let fixture = ClientFixture(configuration: configuration)
        try await fixture.run { locks in
            try await locks.withLock("secret") { _ in
                let active = tracer.activeSpans.map(\.operationName)
                #expect(active == ["lock.hold"])
            }
            let missed = try await locks.withLock("a") { _ in
                try await fixture.inAnotherTask { try await locks.tryAcquire("a") }
            }
            #expect(missed == nil)
        }
        let spans = tracer.finishedSpans
        #expect(spans.prefix(3).map(\.operationName) == ["lock.acquire", "lock.hold", "lock.release"])
        #expect(spans[0].attributes.get("lock.acquired") == .bool(true))
        #expect(spans[0].attributes.get("lock.token") == .string("1"))
        #expect(spans[1].attributes.get("lock.mode") == .string("exclusive"))
        #expect(spans.contains { $0.attributes.get("lock.acquired") == .bool(false) })
        for span in spans { span.attributes.forEach { _, value in #expect(!"\(value)".contains("secret")) } }
    }

    @Test("A failed acquire is a failed span")
    func failedSpan() async throws {
        let tracer = InMemoryTracer()
        var configuration = LockClient.Configuration()
        configuration.tracer = tracer
        let fixture = ClientFixture(configuration: configuration)
        fixture.engine.play(.refuse(StrictEngine.unreachable), on: .acquire)
        try await fixture.run { locks in _ = await error { try await locks.withLock("a") { _ in } } }
        let span = try #require(tracer.finishedSpans.first)
        #expect(span.errors.count == 1)
        #expect(span.status?.code == .error)
    }

    @Test("Without a collector nothing is made to be counted")
    func free() {
        #expect(ClientMetrics.make(engine: "strict") == nil)
    }
}
