import Lockstead
import Synchronization

/// The in-process engine as one whose grants have leases: what a client's renewing costs by itself, without disk or network.
final class LeasedBackend: LockBackend {
    private let inner = InProcessBackend(store: InProcessStore())
    private let time = SystemTimeSource()
    private let renewed = Atomic(0)

    var capabilities: Capabilities {
        var capabilities = inner.capabilities
        capabilities.shortestLease = .seconds(1)
        return capabilities
    }

    /// Renewals confirmed so far.
    var renewals: Int { renewed.load(ordering: .relaxed) }

    func run() async throws { try await inner.run() }

    func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        let sent = time.now
        guard case .granted(var grant) = try await inner.acquire(request) else { return .busy(nil) }
        grant.validity = .armed(at: sent, for: grant.lease)
        return .granted(grant)
    }

    func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        let sent = time.now
        let outcomes = await inner.renew(grants, deadline: deadline)
        renewed.add(outcomes.count, ordering: .relaxed)
        return zip(grants, outcomes).map { grant, outcome in
            guard case .renewed = outcome else { return outcome }
            return .renewed(.armed(at: sent, for: grant.lease))
        }
    }

    func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        try await inner.release(grant, deadline: deadline)
    }
    func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {
        try await inner.cancel(request, deadline: deadline)
    }
    func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant {
        try await inner.downgrade(grant, deadline: deadline)
    }
    func handOver(_ grant: Grant, to request: LockRequest) async throws(LockError) -> Grant? {
        try await inner.handOver(grant, to: request)
    }
    func inspect(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> LockDescription? {
        try await inner.inspect(name, deadline: deadline)
    }
    func list(prefix: String, limit: Int, deadline: ContinuousTime) async throws(LockError) -> [LockDescription] {
        try await inner.list(prefix: prefix, limit: limit, deadline: deadline)
    }
    func changes(prefix: String) -> AsyncThrowingStream<LockChange, any Error> { inner.changes(prefix: prefix) }
    func forceRelease(_ name: LockName, reason: String, now: Bool, deadline: ContinuousTime) async throws(LockError)
        -> ForcedRelease
    {
        try await inner.forceRelease(name, reason: reason, now: now, deadline: deadline)
    }
    func notices() -> AsyncStream<BackendNotice> { inner.notices() }
}
