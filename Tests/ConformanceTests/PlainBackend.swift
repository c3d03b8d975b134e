import Lockstead

/// The in-process engine, without one of its features: what the contract's own answers are for.
struct PlainBackend: Reduced {
    let backend: InProcessBackend
    let lacking: Capabilities.Features
    init(_ backend: InProcessBackend, without feature: Capabilities.Features) {
        (self.backend, lacking) = (backend, feature)
    }
}

/// Declares that it lacks a feature, and has it.
struct SecretBackend: Reduced {
    let backend: InProcessBackend
    let lacking: Capabilities.Features
    init(_ backend: InProcessBackend, without feature: Capabilities.Features) {
        (self.backend, lacking) = (backend, feature)
    }

    func load(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> Register {
        try await backend.load(name, deadline: deadline)
    }

    func store(_ write: RegisterWrite, deadline: ContinuousTime) async throws(LockError) -> RegisterOutcome {
        try await backend.store(write, deadline: deadline)
    }
}

/// Passes on what every engine has.
protocol Reduced: LockBackend {
    var backend: InProcessBackend { get }
    var lacking: Capabilities.Features { get }
}

extension Reduced {
    var capabilities: Capabilities {
        var capabilities = backend.capabilities
        capabilities.features.subtract(lacking)
        return capabilities
    }

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
        try await backend.inspect(name, deadline: deadline)
    }

    func list(prefix: String, limit: Int, deadline: ContinuousTime) async throws(LockError) -> [LockDescription] {
        try await backend.list(prefix: prefix, limit: limit, deadline: deadline)
    }

    func changes(prefix: String) -> AsyncThrowingStream<LockChange, any Error> { backend.changes(prefix: prefix) }

    func forceRelease(
        _ name: LockName, reason: String, now: Bool, deadline: ContinuousTime
    ) async throws(LockError) -> ForcedRelease {
        try await backend.forceRelease(name, reason: reason, now: now, deadline: deadline)
    }

    func notices() -> AsyncStream<BackendNotice> { backend.notices() }
}
