import Lockstead
import LocksteadTesting
import Synchronization

/// An in-process engine whose watch a test can break: it tells nothing, or ends with an error, while the engine itself is as it is.
struct PoorWatch: BackendDecorator {
    enum Fault: Sendable {
        /// Nothing is told.
        case silent
        /// Each watch ends with an error after its first change.
        case breaksAfterOne
    }

    let base: any LockBackend
    let fault: Fault
    /// How many watches were begun, and readings taken.
    let counts = Watched((watches: 0, readings: 0))

    init(_ store: InProcessStore, _ fault: Fault) { (base, self.fault) = (InProcessBackend(store: store), fault) }

    func inspect(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> LockDescription? {
        counts.update { $0.readings += 1 }
        return try await base.inspect(name, deadline: deadline)
    }
    func list(prefix: String, limit: Int, deadline: ContinuousTime) async throws(LockError) -> [LockDescription] {
        counts.update { $0.readings += 1 }
        return try await base.list(prefix: prefix, limit: limit, deadline: deadline)
    }

    func changes(prefix: String) -> AsyncThrowingStream<LockChange, any Error> {
        counts.update { $0.watches += 1 }
        switch fault {
        case .silent:
            return AsyncThrowingStream {
                // It ends when its reader is cancelled.
                try? await Task.sleep(for: .seconds(3_600)); return nil
            }
        case .breaksAfterOne:
            let changes = base.changes(prefix: prefix)
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
