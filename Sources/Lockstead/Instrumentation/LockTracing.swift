import LockCore
import Tracing

/// The spans of a client: `lock.acquire`, `lock.hold` and `lock.release`.
///
/// Without a tracer each is a plain call.
struct LockTracing: Sendable {
    private let tracer: (any Tracer)?
    private let engine: String

    /// `tracer` is used instead of the one the program has set up.
    init(engine: String, tracer: (any Tracer)?) {
        self.engine = engine
        let candidate = tracer ?? InstrumentationSystem.tracer
        self.tracer = candidate is NoOpTracer ? nil : candidate
    }

    /// Whether there is nobody to tell.
    var isSilent: Bool { tracer == nil }

    /// What a span tells of a lock.
    ///
    /// Names stay out: they may be secret, and have no bound.
    struct Attributes: Sendable {
        var mode: LockMode
        var token: FencingToken?
        var acquired: Bool?
    }

    func span<R>(
        _ name: String, _ attributes: @autoclosure () -> Attributes,
        _ body: (SpanNote) async throws -> R
    ) async rethrows -> R {
        guard let tracer else { return try await body(SpanNote(span: nil)) }
        let span = tracer.startAnySpan(name, context: .current ?? .topLevel, ofKind: .client)
        span.attributes["lock.engine"] = engine
        let note = SpanNote(span: span)
        note.add(attributes())
        defer { span.end() }
        do {
            return try await ServiceContext.$current.withValue(span.context) { try await body(note) }
        } catch {
            span.recordError(error)
            span.setStatus(SpanStatus(code: .error))
            throw error
        }
    }
}

extension LockTracing {
    /// The trace the caller belongs to, as holders name it; empty where there is none.
    var traceID: String {
        guard let tracer, let context = ServiceContext.current else { return "" }
        var fields: [String: String] = [:]
        tracer.inject(context, into: &fields, using: FieldInjector())
        return fields["traceparent"] ?? ""
    }

    /// Links the span of a request to those of the holders that stood in its way, as far as they told their trace.
    func link(_ waiter: SpanNote?, to blocker: LockDescription?) {
        guard let tracer, let span = waiter?.span else { return }
        for holder in blocker?.holders ?? [] where !holder.note.traceID.isEmpty {
            var context = ServiceContext.topLevel
            tracer.extract(["traceparent": holder.note.traceID], into: &context, using: FieldExtractor())
            span.addLink(SpanLink(context: context, attributes: [:]))
        }
    }

    private struct FieldExtractor: Extractor {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
    }

    private struct FieldInjector: Injector {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    }
}

/// What a span learns while it is open.
struct SpanNote: Sendable {
    fileprivate let span: (any Span)?

    func add(_ attributes: @autoclosure () -> LockTracing.Attributes) {
        guard let span else { return }
        let attributes = attributes()
        span.attributes["lock.mode"] = "\(attributes.mode)"
        if let token = attributes.token { span.attributes["lock.token"] = "\(token)" }
        if let acquired = attributes.acquired { span.attributes["lock.acquired"] = acquired }
    }
}
