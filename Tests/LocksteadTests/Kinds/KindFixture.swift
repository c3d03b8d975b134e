import Lockstead
import LocksteadTesting
import Synchronization

/// An in-process engine whose watch a test can break: it tells nothing, or ends with an error, while the engine itself is as it is.
struct PoorWatch: LockBackend {
    enum Fault: Sendable {
        /// Nothing is told.
        case silent
        /// Each watch ends with an error after its first change.
        case breaksAfterOne
    }

    let backend: InProcessBackend
    let fault: Fault
    /// How many watches were begun, and readings taken.
    let counts = Watched((watches: 0, readings: 0))

    init(_ store: InProcessStore, _ fault: Fault) { (backend, self.fault) = (InProcessBackend(store: store), fault) }

    var capabilities: Capabilities { backend.capabilities }
    func run() async throws { try await backend.run() }
    func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        try await backend.acquire(request)
    }
    func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        await backend.renew(grants, deadline: deadline)
    }
    func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        try await backend.release(grant, deadline: deadline)
    }
    func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {
        try await backend.cancel(request, deadline: deadline)
    }
    func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant {
        try await backend.downgrade(grant, deadline: deadline)
    }
    func handOver(_ grant: Grant, to request: LockRequest) async throws(LockError) -> Grant? {
        try await backend.handOver(grant, to: request)
    }
    func inspect(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> LockDescription? {
        counts.update { $0.readings += 1 }
        return try await backend.inspect(name, deadline: deadline)
    }
    func list(prefix: String, limit: Int, deadline: ContinuousTime) async throws(LockError) -> [LockDescription] {
        counts.update { $0.readings += 1 }
        return try await backend.list(prefix: prefix, limit: limit, deadline: deadline)
    }
    func forceRelease(_ name: LockName, reason: String, now: Bool, deadline: ContinuousTime)
        async throws(LockError) -> ForcedRelease
    {
        try await backend.forceRelease(name, reason: reason, now: now, deadline: deadline)
    }
    func notices() -> AsyncStream<BackendNotice> { backend.notices() }

    func changes(prefix: String) -> AsyncThrowingStream<LockChange, any Error> {
        counts.update { $0.watches += 1 }
        switch fault {
        case .silent:
            return AsyncThrowingStream {
                // It ends when its reader is cancelled.
                try? await Task.sleep(for: .seconds(3_600)); return nil
            }
        case .breaksAfterOne:
            let changes = backend.changes(prefix: prefix)
            let hasTold = Mutex(false)
            return AsyncThrowingStream {
                if hasTold.withLock({ $0 }) { throw Self.broken }
                hasTold.withLock { $0 = true }
                var iterator = changes.makeAsyncIterator()
                return try await iterator.next()
            }
        }
    }

    private static let broken = LockError(.engineUnavailable, "The watch broke.", effect: .didNotHappen)
}

/// Reads a stream into a list whose growth can be awaited.
struct Collected<Element: Sendable>: Sendable {
    let values = Watched<[Element]>([])

    /// Reads until the stream ends or the task is cancelled.
    func read(_ stream: AsyncThrowingStream<Element, any Error>) async throws {
        for try await value in stream { values.update { $0.append(value) } }
    }

    /// Reads in a task that the test owns and cancels.
    func begin(_ stream: AsyncThrowingStream<Element, any Error>) -> Task<Void, any Error> {
        // Its owner is whoever called this.
        Task { try await read(stream) }
    }

    func until(_ isMet: @escaping @Sendable ([Element]) -> Bool) async { await values.until(isMet) }
}
