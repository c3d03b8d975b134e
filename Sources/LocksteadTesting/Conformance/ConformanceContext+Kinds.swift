import Lockstead
import Synchronization

/// Something that becomes true.
final class Fact: Sendable {
    private let state = Atomic(false)
    var isTrue: Bool { state.load(ordering: .acquiring) }
    func set() { state.store(true, ordering: .releasing) }
}

/// How often something happened.
final class Tally: Sendable {
    private let state = Atomic(0)
    var total: Int { state.load(ordering: .acquiring) }
    func count() { state.add(1, ordering: .acquiringAndReleasing) }
}

extension ConformanceContext {
    /// Runs two clients over backends of their own while `body` uses them.
    func withTwoClients<R: Sendable>(
        _ body: @Sendable (LockClient, LockClient) async throws -> R
    ) async throws -> R {
        try await withClient { one in try await withClient { two in try await body(one, two) } }
    }

    /// Runs a client behind a cable while `body` uses it.
    func withClient<R: Sendable>(
        on cable: Cable, _ body: @Sendable (LockClient) async throws -> R
    ) async throws -> R {
        let backend = FaultyBackend(try await store.makeBackend(), on: cable)
        let engine = LockEngine(name: capabilities.engine) { _ in backend }
        return try await LockClient.with(engine) { client in try await body(client) }
    }

    /// Starts a call that is to wait, cancels it, and sees it end with `CancellationError` soon.
    func expectCancelled(_ place: Place = Place(), _ call: @escaping @Sendable () async throws -> Void) async throws {
        let start = Fact()
        // Owned by this function, which awaits it.
        let task = Task {
            start.set()
            try await call()
        }
        try await waitUntil("the call has begun", place) { start.isTrue }
        // It may be anywhere on its way to the wait: each place must heed the cancellation.
        try await time.sleep(until: now.advanced(by: .milliseconds(Int64.random(in: 0...60))))
        task.cancel()
        let cancelled = now
        do {
            try await task.value
            throw ConformanceFailure("a cancelled wait returned", place)
        } catch is CancellationError {
            let late = cancelled.duration(to: now)
            try check(late <= .seconds(1) + slack, "it ended \(late) after its cancellation", place)
        }
    }
}
