import Lockstead
import Synchronization
import Logging
import TestServers

@testable import LocksteadZooKeeper

/// A backend on real servers, and what tests do with it.
struct ZooKeeperFixture: Sendable {
    let backend: ZooKeeperBackend
    let time = SystemTimeSource()

    /// Of the servers of these tests.
    static let tick = Duration.milliseconds(100)

    var soon: ContinuousTime { time.now.advanced(by: .seconds(10)) }

    /// Runs a backend on servers while `body` uses it.
    static func with<R: Sendable>(
        _ servers: [ZooKeeperServer], _ change: (inout ZooKeeperEngine) -> Void = { _ in },
        _ body: @Sendable (ZooKeeperFixture) async throws -> R
    ) async throws -> R {
        try await with(servers.map { ZooKeeperEndpoint("127.0.0.1", port: $0.port) }, change, body)
    }

    static func with<R: Sendable>(
        _ endpoints: [ZooKeeperEndpoint], _ change: (inout ZooKeeperEngine) -> Void = { _ in },
        _ body: @Sendable (ZooKeeperFixture) async throws -> R
    ) async throws -> R {
        var engine = ZooKeeperEngine(ZooKeeperConfiguration(endpoints: endpoints))
        (engine.tickTime, engine.longestLease) = (tick, .seconds(300))
        change(&engine)
        let backend = try ZooKeeperBackend(engine, context: EngineContext(logger: .silent, time: SystemTimeSource()))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await backend.run() }
            defer { group.cancelAll() }
            return try await body(ZooKeeperFixture(backend: backend))
        }
    }

    func request(
        _ names: String..., mode: LockMode = .exclusive, lease: Duration = .seconds(10),
        wait: LockRequest.Wait = .forever
    ) throws -> LockRequest {
        var generator = SystemRandomNumberGenerator()
        return LockRequest(
            id: .random(using: &generator), owner: .random(using: &generator),
            names: try names.map { try LockName($0) }, mode: mode, lease: lease, wait: wait)
    }

    /// The grant of a request that must be granted.
    func grant(_ request: LockRequest) async throws -> Grant {
        switch try await backend.acquire(request) {
        case .granted(let grant): return grant
        case .busy(let holder): throw ServerError("\(request.names) is held by \(String(describing: holder))")
        }
    }

    func hold(_ name: String, lease: Duration = .seconds(10)) async throws -> Grant {
        try await grant(try request(name, lease: lease))
    }

    /// Waits until a fact is true.
    func waitUntil(_ fact: String, _ isSo: () async throws -> Bool) async throws {
        let end = time.now.advanced(by: .seconds(30))
        while !(try await isSo()) {
            guard time.now < end else { throw ServerError("30 s passed, and it is not so that \(fact)") }
            try await time.sleep(until: time.now.advanced(by: .milliseconds(5)))
        }
    }

    /// The session that a grant rests on.
    func session(of grant: Grant) throws -> ZooKeeperSession {
        guard let hold = backend.holds.withLock({ $0.hold(of: grant) }) else { throw ServerError("nothing is held") }
        return hold.session
    }
}

extension Logger {
    /// Says nothing.
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
