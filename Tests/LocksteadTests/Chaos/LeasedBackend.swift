import Lockstead

/// An engine whose grants cannot be lost, shown to the client as one whose leases run out: so that the client renews, confirms, queues
/// locally, shields releases and cancels bodies, over lock rules that are proven elsewhere.
struct LeasedBackend: BackendDecorator {
    let base: any LockBackend
    let time: any TimeSource
    let capabilities: Capabilities

    init(_ backend: any LockBackend, time: any TimeSource, queuesLocally: Bool, removing: Capabilities.Features) {
        (base, self.time) = (backend, time)
        var capabilities = backend.capabilities
        capabilities.shortestLease = .milliseconds(100)
        capabilities.queuesLocally = queuesLocally
        capabilities.features.subtract(removing)
        self.capabilities = capabilities
    }

    func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        let sent = time.now
        let outcome = try await base.acquire(request)
        guard case .granted(var grant) = outcome else { return outcome }
        // A grant that came after a wait vouches for nothing (RULES 2).
        let isFresh = sent.duration(to: time.now) < .milliseconds(2)
        grant.validity = isFresh ? .armed(at: sent, for: grant.lease) : .unconfirmed
        return .granted(grant)
    }

    func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        let sent = time.now
        return zip(grants, await base.renew(grants, deadline: deadline)).map { grant, outcome in
            if case .renewed = outcome { .renewed(.armed(at: sent, for: grant.lease)) } else { outcome }
        }
    }

    func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant {
        var shared = try await base.downgrade(grant, deadline: deadline)
        shared.validity = grant.validity
        return shared
    }
}
