import LockCore
import Logging

extension LockRequest {
    var subject: Instruments.Subject { .init(names: names, mode: mode, owner: owner) }
}

extension HeldGrant {
    var subject: Instruments.Subject { .init(names: names, mode: mode, owner: owner) }
}

extension Instruments {
    func attempted(_ request: LockRequest) {
        observe(request.subject, .attempted)
    }

    func waited(_ request: LockRequest, since start: ContinuousTime, _ result: AcquireResult) {
        observe(request.subject, .waited(start.duration(to: time.now), result))
    }

    func reentered(_ lease: Lease, _ owner: OwnerID) {
        observe(Subject(names: lease.names, mode: lease.mode, owner: owner), .waited(.zero, .reentered))
    }

    func engineFailed(_ error: any Error) {
        logger.error("lock_error", metadata: ["engine": "\(engine)", "error": "\(error)"])
    }

    func cleanUpFailed(_ error: LockError) {
        logger.error("lock_error", metadata: ["engine": "\(engine)", "error": "\(error)"])
    }

    func granted(_ held: HeldGrant) {
        observe(held.subject, .granted(held.token))
    }

    func leaseEvent(_ event: LeaseEvent, of held: HeldGrant) {
        switch event {
        case .renewed(let end): observe(held.subject, .renewed(held.token, until: end))
        case .suspect(let reason): observe(held.subject, .suspected(held.token, reason: reason))
        case .lost(let reason): observe(held.subject, .lost(held.token, reason))
        case .warning, .held, .stop, .kill: break
        }
    }

    func renewalEnded(_ outcome: RenewalOutcome, of held: HeldGrant, margin: Duration?) {
        guard case .unknown(let error) = outcome else { return }
        observe(held.subject, .renewalFailed(held.token, error))
    }

    func released(_ held: HeldGrant, _ outcome: ReleaseOutcome) {
        observe(held.subject, .released(held.token, held: held.acquiredAt.duration(to: time.now)))
    }

    func releaseFailed(_ held: HeldGrant, _ error: LockError) {
        observe(held.subject, .releaseFailed(held.token, error))
    }

    func abandoned(_ held: HeldGrant) {
        observe(held.subject, .abandoned(held.token))
    }
}
