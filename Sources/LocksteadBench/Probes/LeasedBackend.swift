import Lockstead
import Synchronization

/// The in-process engine as one whose grants have leases: what a client's renewing costs by itself, without disk or network.
final class LeasedBackend: BackendDecorator {
    let base: any LockBackend = InProcessBackend(store: InProcessStore())
    private let time = SystemTimeSource()
    private let renewed = Atomic(0)

    var capabilities: Capabilities {
        var capabilities = base.capabilities
        capabilities.shortestLease = .seconds(1)
        return capabilities
    }

    /// Renewals confirmed so far.
    var renewals: Int { renewed.load(ordering: .relaxed) }

    func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        let sent = time.now
        guard case .granted(var grant) = try await base.acquire(request) else { return .busy(nil) }
        grant.validity = .armed(at: sent, for: grant.lease)
        return .granted(grant)
    }

    func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        let sent = time.now
        let outcomes = await base.renew(grants, deadline: deadline)
        renewed.add(outcomes.count, ordering: .relaxed)
        return zip(grants, outcomes).map { grant, outcome in
            guard case .renewed = outcome else { return outcome }
            return .renewed(.armed(at: sent, for: grant.lease))
        }
    }
}
