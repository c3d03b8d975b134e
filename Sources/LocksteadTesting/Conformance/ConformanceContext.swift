import Lockstead
import Synchronization

/// What a case works with: clients of one store, requests that tell themselves apart, and checks that throw.
struct ConformanceContext: Sendable {
    let store: any ConformanceStore
    let capabilities: Capabilities
    let lease: Duration
    let slack: Duration
    let figures: ConformanceFigures
    let time = SystemTimeSource()

    var now: ContinuousTime { time.now }
    /// When a call that has nothing to wait for must be over.
    var soon: ContinuousTime { now.advanced(by: .seconds(10)) }
    /// A wait that is to end in vain, and yet has the time to ask a busy engine.
    var shortWait: Duration { .milliseconds(500) }
    /// Whether a grant ends when nobody renews it.
    var leasesRunOut: Bool { capabilities.shortestLease != nil }
}

/// What a case counted or measured.
final class ConformanceFigures: Sendable {
    private let state = Mutex<[String]>([])
    var all: [String] { state.withLock { $0 } }
    func note(_ figure: String) { state.withLock { $0.append(figure) } }
}

// MARK: Clients

extension ConformanceContext {
    /// Runs a new client of the store while `body` uses it.
    func withBackend<R: Sendable>(_ body: @Sendable (any LockBackend) async throws -> R) async throws -> R {
        let backend = try await store.makeBackend()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await backend.run() }
            defer { group.cancelAll() }
            return try await body(backend)
        }
    }

    /// Runs two clients of the store while `body` uses them.
    func withTwoBackends<R: Sendable>(
        _ body: @Sendable (any LockBackend, any LockBackend) async throws -> R
    ) async throws -> R {
        try await withBackend { one in try await withBackend { two in try await body(one, two) } }
    }

    /// Runs a `LockClient` over a new client of the store while `body` uses it.
    func withClient<R: Sendable>(_ body: @Sendable (LockClient) async throws -> R) async throws -> R {
        let backend = try await store.makeBackend()
        let engine = LockEngine(name: capabilities.engine) { _ in backend }
        return try await LockClient.with(engine) { client in try await body(client) }
    }
}

// MARK: Requests

extension LockIdentifier {
    static var fresh: Self {
        var generator = SystemRandomNumberGenerator()
        return .random(using: &generator)
    }
}

extension ConformanceContext {
    /// In order of arrival, where the engine has such an order.
    private var usualFairness: Fairness { capabilities.features.contains(.fair) ? .fair : .barging }

    /// A request of a new owner.
    func request(
        _ names: String..., mode: LockMode = .exclusive, lease: Duration? = nil, wait: LockRequest.Wait = .forever,
        fairness: Fairness? = nil, priority: Int8 = 0, terms: HoldTerms = HoldTerms(), note: HolderNote = HolderNote()
    ) throws -> LockRequest {
        LockRequest(
            id: .fresh, owner: .fresh, names: try names.map { try LockName($0) }.sorted(), mode: mode,
            lease: lease ?? self.lease, wait: wait, fairness: fairness ?? usualFairness, priority: priority,
            terms: terms, note: note)
    }

    /// The grant of a request that must be granted.
    func grant(_ request: LockRequest, on backend: any LockBackend, _ place: Place = Place()) async throws -> Grant {
        switch try await backend.acquire(request) {
        case .granted(let grant): return grant
        case .busy(let holder):
            throw ConformanceFailure("\(request.names) was not granted, held by \(holder?.holders ?? [])", place)
        }
    }

    /// Takes a free lock exclusively, with a lease that nobody has to renew during a case.
    func hold(_ name: String, on backend: any LockBackend, _ place: Place = Place()) async throws -> Grant {
        try await grant(try request(name, lease: .seconds(60), wait: .never), on: backend, place)
    }

    func release(_ grant: Grant, on backend: any LockBackend, _ place: Place = Place()) async throws {
        let outcome = try await backend.release(grant, deadline: soon)
        try check(outcome == .released, "the release of \(grant.names) said \(outcome)", place)
    }

    /// Whether the lock is free for a request that does not wait; gives back what it got.
    func isFree(_ request: LockRequest, on backend: any LockBackend) async throws -> Bool {
        var probe = request
        (probe.id, probe.owner, probe.wait) = (.fresh, .fresh, .never)
        guard case .granted(let grant) = try await backend.acquire(probe) else { return false }
        try await release(grant, on: backend)
        return true
    }

    func isFree(_ name: String, on backend: any LockBackend) async throws -> Bool {
        try await isFree(try request(name), on: backend)
    }
}

// MARK: Facts to wait for

extension ConformanceContext {
    /// Waits until so many requests wait for the name.
    func waitForWaiters(_ count: Int, of name: String, on backend: any LockBackend, _ place: Place = Place())
        async throws
    {
        let lock = try LockName(name)
        try await waitUntil("\(count) wait for \(name)", place) {
            try await backend.inspect(lock, deadline: soon)?.waiterCount ?? 0 == count
        }
    }

    /// Waits until a fact is true, and fails where it does not become so.
    func waitUntil(_ fact: String, _ place: Place = Place(), _ isSo: () async throws -> Bool) async throws {
        let end = now.advanced(by: .seconds(20))
        while !(try await isSo()) {
            try check(now < end, "20 s passed, and it is not so that \(fact)", place)
            try await time.sleep(until: now.advanced(by: .milliseconds(2)))
        }
    }

    /// Ends `body` with a failure where it takes too long.
    func within<R: Sendable>(
        _ duration: Duration, _ place: Place = Place(), _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        let end = now.advanced(by: duration)
        return try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await time.sleep(until: end)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let result = first else {
                throw ConformanceFailure("it took longer than \(duration)", place)
            }
            return result
        }
    }
}

// MARK: Checks

/// Where in the suite a check stands.
struct Place: Sendable {
    let file: StaticString
    let line: UInt
    init(file: StaticString = #fileID, line: UInt = #line) { (self.file, self.line) = (file, line) }
}

extension ConformanceFailure {
    init(_ what: String, _ place: Place) { description = "\(what) (\(place.file):\(place.line))" }
}

extension ConformanceContext {
    func check(_ isSo: Bool, _ otherwise: @autoclosure () -> String, _ place: Place = Place()) throws {
        guard isSo else { throw ConformanceFailure(otherwise(), place) }
    }

    func checkRising(_ tokens: [FencingToken], _ place: Place = Place()) throws {
        let rises = zip(tokens, tokens.dropFirst()).allSatisfy { $0 < $1 }
        try check(rises, "tokens do not rise: \(tokens)", place)
    }

    /// The error of a call that must fail, with one of these codes.
    @discardableResult
    func expect<R>(_ codes: LockError.Code..., place: Place = Place(), from body: () async throws -> R) async throws
        -> LockError
    {
        do {
            let value = try await body()
            throw ConformanceFailure("expected \(codes), and got \(value)", place)
        } catch let error as LockError where codes.contains(error.code) {
            try check(!error.message.isEmpty, "the error says nothing", place)
            return error
        } catch let error as LockError {
            throw ConformanceFailure("expected \(codes), and got the error: \(error)", place)
        }
    }
}
