import LockCore
import Logging

extension HeldGrant {
    var subject: Instruments.Subject { .init(names: names, mode: mode, owner: owner) }
}

extension Instruments {
    func reentered(_ lease: Lease, _ owner: OwnerID) {
        metrics?.reentered(lease.mode)
        observe(Subject(names: lease.names, mode: lease.mode, owner: owner), .waited(.zero, .reentered))
    }

    func granted(_ held: HeldGrant) {
        observe(held.subject, .granted(held.token))
    }

    func leaseEvent(_ event: LeaseEvent, of held: HeldGrant) {
        switch event {
        case .renewed(let end): observe(held.subject, .renewed(held.token, until: end))
        case .suspect(let reason):
            observe(held.subject, .suspected(held.token, reason: reason))
            report(.warning, held.subject, "the lease is in doubt", reason)
        case .lost(let reason):
            metrics?.lost(reason)
            observe(held.subject, .lost(held.token, reason))
            report(.error, held.subject, "the lease is lost", reason.inWords)
        case .warning, .held, .stop, .kill: break
        }
    }

    /// `margin` is what was left of the lease when the answer came.
    func renewalEnded(_ outcome: RenewalOutcome, of held: HeldGrant, margin: Duration?) {
        switch outcome {
        case .renewed: if let margin { metrics?.renewed(held.mode, margin: margin) }
        case .lost: break
        case .unknown(let error):
            observe(held.subject, .renewalFailed(held.token, error))
            report(.warning, held.subject, "a renewal got no answer; it is repeated", "\(error)")
        }
    }

    func released(_ held: HeldGrant, _ outcome: ReleaseOutcome) {
        if areHeard {
            let duration = held.acquiredAt.duration(to: time.now)
            metrics?.released(held.mode, held: duration)
            observe(held.subject, .released(held.token, held: duration))
        }
        if case .lost(let reason) = outcome {
            report(.warning, held.subject, "the lock had ended before its release", reason.inWords)
        }
    }

    func releaseFailed(_ held: HeldGrant, _ error: LockError) {
        observe(held.subject, .releaseFailed(held.token, error))
        report(.error, held.subject, "the release failed", "\(error)")
    }

    func abandoned(_ held: HeldGrant) {
        observe(held.subject, .abandoned(held.token))
        report(
            .error, held.subject, "a handle was dropped without a release",
            "it is not renewed any more, and its lease runs out; release every handle")
    }
}
