import Lockstead

/// An engine whose grants cannot be lost, shown to the client as one whose leases run out: so that the client renews, confirms, queues
/// locally, shields releases and cancels bodies, over lock rules that are proven elsewhere.
struct LeasedBackend: LockBackend {
    let backend: any LockBackend
    let time: any TimeSource
    let capabilities: Capabilities

    init(_ backend: any LockBackend, time: any TimeSource, queuesLocally: Bool, removing: Capabilities.Features) {
        (self.backend, self.time) = (backend, time)
        var capabilities = backend.capabilities
        capabilities.shortestLease = .milliseconds(100)
        capabilities.queuesLocally = queuesLocally
        capabilities.features.subtract(removing)
        self.capabilities = capabilities
    }

    func run() async throws { try await backend.run() }

    func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        let sent = time.now
        let outcome = try await backend.acquire(request)
        guard case .granted(var grant) = outcome else { return outcome }
        // A grant that came after a wait vouches for nothing (RULES 2).
        let isFresh = sent.duration(to: time.now) < .milliseconds(2)
        grant.validity = isFresh ? .armed(at: sent, for: grant.lease) : .unconfirmed
        return .granted(grant)
    }

    func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        let sent = time.now
        return zip(grants, await backend.renew(grants, deadline: deadline)).map { grant, outcome in
            if case .renewed = outcome { .renewed(.armed(at: sent, for: grant.lease)) } else { outcome }
        }
    }

    func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        try await backend.release(grant, deadline: deadline)
    }

    func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {
        try await backend.cancel(request, deadline: deadline)
    }

    func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant {
        var shared = try await backend.downgrade(grant, deadline: deadline)
        shared.validity = grant.validity
        return shared
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

    func forceRelease(_ name: LockName, reason: String, now: Bool, deadline: ContinuousTime)
        async throws(LockError) -> ForcedRelease
    {
        try await backend.forceRelease(name, reason: reason, now: now, deadline: deadline)
    }

    func notices() -> AsyncStream<BackendNotice> { backend.notices() }
}
