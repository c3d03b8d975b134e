import Lockstead
import LocksteadTesting
import Synchronization

/// A store on a manual clock, with requests that tell themselves apart.
struct InProcessFixture {
    let clock = ManualClock()
    let store: InProcessStore
    let backend: InProcessBackend

    init() {
        store = InProcessStore(time: clock)
        backend = InProcessBackend(store: store)
    }

    func request(
        _ names: String..., mode: LockMode = .exclusive, lease: Duration = .seconds(30),
        wait: LockRequest.Wait = .forever, terms: HoldTerms = HoldTerms(), note: HolderNote = HolderNote()
    ) throws -> LockRequest {
        var generator = SystemRandomNumberGenerator()
        return LockRequest(
            id: .random(using: &generator), owner: .random(using: &generator),
            names: try names.map { try LockName($0) },
            mode: mode, lease: lease, wait: wait, terms: terms, note: note)
    }

    func grant(_ request: LockRequest, on other: InProcessBackend? = nil) async throws -> Grant {
        guard case .granted(let grant) = try await (other ?? backend).acquire(request) else { throw NotGranted() }
        return grant
    }

    /// Runs the backend while `body` runs.
    func running<R: Sendable>(_ body: @Sendable () async throws -> R) async throws -> R {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await backend.run() }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    /// Waits until so many requests wait for the name.
    func waitForWaiters(_ count: Int, of name: String) async throws {
        let lock = try LockName(name)
        while try await backend.inspect(lock, deadline: clock.now)?.waiterCount ?? 0 != count { await Task.yield() }
    }
}

struct NotGranted: Error {}
