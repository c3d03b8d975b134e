import Lockstead
import Logging
import TestServers

@testable import LocksteadEtcd

/// A backend on real members, and what tests do with it.
struct EtcdFixture: Sendable {
    let backend: EtcdBackend
    let time = SystemTimeSource()

    var soon: ContinuousTime { time.now.advanced(by: .seconds(10)) }

    static func makeBackend(
        _ members: [EtcdServer], _ change: (inout EtcdEngine) -> Void = { _ in }
    ) throws -> EtcdBackend {
        var engine = EtcdEngine(
            EtcdConfiguration(endpoints: members.map { EtcdEndpoint("127.0.0.1", port: $0.port) }))
        change(&engine)
        return try EtcdBackend(engine, context: EngineContext(logger: .silent, time: SystemTimeSource()))
    }

    /// Runs a backend on members while `body` uses it.
    static func with<R: Sendable>(
        _ members: [EtcdServer], _ change: (inout EtcdEngine) -> Void = { _ in },
        _ body: @Sendable (EtcdFixture) async throws -> R
    ) async throws -> R {
        let backend = try makeBackend(members, change)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await backend.run() }
            defer { group.cancelAll() }
            return try await body(EtcdFixture(backend: backend))
        }
    }

    func request(
        _ names: String..., mode: LockMode = .exclusive, lease: Duration = .seconds(60),
        wait: LockRequest.Wait = .forever
    ) throws -> LockRequest {
        var generator = SystemRandomNumberGenerator()
        return LockRequest(
            id: .random(using: &generator), owner: .random(using: &generator),
            names: try names.map { try LockName($0) },
            mode: mode, lease: lease, wait: wait)
    }

    /// The grant of a request that must be granted.
    func grant(_ request: LockRequest) async throws -> Grant {
        switch try await backend.acquire(request) {
        case .granted(let grant): return grant
        case .busy(let holder): throw ServerError("\(request.names) is held by \(String(describing: holder))")
        }
    }

    func hold(_ name: String, lease: Duration = .seconds(60)) async throws -> Grant {
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

    /// How long something takes.
    func timed<R>(_ body: () async throws -> R) async rethrows -> (R, Duration) {
        let start = time.now
        let result = try await body()
        return (result, start.duration(to: time.now))
    }
}

extension Logger {
    /// Says nothing.
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
