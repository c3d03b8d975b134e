import InMemoryTracing
import Testing
import Tracing

@testable import Lockstead

@Suite("Spans of those who wait", .timeLimit(.minutes(1)))
struct TraceLinkTests {
    @Test("A request that a holder turned away is linked to the span in which that holder acquired")
    func linked() async throws {
        let tracer = TraceparentTracer()
        var configuration = LockClient.Configuration()
        configuration.tracer = tracer
        let store = InProcessStore()
        try await LockClient.with(.inProcess(store), configuration: configuration) { locks in
            let held = try await locks.acquire("a")
            let missed = try await locks.tryAcquire("a")
            #expect(missed == nil)
            #expect(await code { _ = try await locks.acquire("a", waitingAtMost: .milliseconds(1)) } == .timedOut)
            try await held.release()
            try await locks.withLock("a") { _ in }
        }
        let spans = tracer.memory.finishedSpans.filter { $0.operationName == "lock.acquire" }
        try #require(spans.count == 4)
        let holder = try #require(spans[0].context.inMemorySpanContext)
        for waiter in spans[1...2] {
            #expect(waiter.links.map { $0.context.inMemorySpanContext?.spanID } == [holder.spanID])
            #expect(waiter.links.map { $0.context.inMemorySpanContext?.traceID } == [holder.traceID])
        }
        #expect(spans[0].links.isEmpty && spans[3].links.isEmpty)
    }
}

/// A tracer in memory that propagates its context as tracers of the field do: in one field.
struct TraceparentTracer: Tracer {
    typealias Span = InMemorySpan
    let memory = InMemoryTracer()

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> InMemorySpan {
        memory.startSpan(
            operationName, context: context(), ofKind: kind, at: instant(), function: function, file: fileID,
            line: line)
    }

    func activeSpan(identifiedBy context: ServiceContext) -> InMemorySpan? { memory.activeSpan(identifiedBy: context) }

    func forceFlush() { memory.forceFlush() }

    func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let span = context.inMemorySpanContext else { return }
        injector.inject("\(span.traceID)|\(span.spanID)", forKey: "traceparent", into: &carrier)
    }

    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        let ids = extractor.extract(key: "traceparent", from: carrier)?.split(separator: "|").map(String.init) ?? []
        guard ids.count == 2 else { return }
        let fields = [InMemoryTracer.traceIDKey: ids[0], InMemoryTracer.spanIDKey: ids[1]]
        memory.extract(fields, into: &context, using: Fields())
    }

    private struct Fields: Extractor {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
    }
}
