import LockCore

extension LockClient {
    /// Acts on what the engine says without being asked.
    func heed(_ notice: BackendNotice) {
        switch notice {
        case .suspect(let requests, let reason):
            for held in registry.grants(doubted: requests) { doubt(held, reason) }
        case .unheard(let requests):
            for held in registry.grants(unheardOf: requests) { askAnew(held) }
        case .lost(let request, let reason):
            if let held = registry.grant(orRemember: reason, of: request) { endLease(held, reason) }
        }
    }

    func doubt(_ held: HeldGrant, _ reason: String) {
        held.step { $0.doubtRaised(reason, at: $1, effects: &$2) }
        registry.plan(held)
    }

    func askAnew(_ held: HeldGrant) {
        held.step { $0.wordMissed(at: $1, effects: &$2) }
        registry.plan(held)
    }

    func endLease(_ held: HeldGrant, _ reason: LossReason) {
        held.step { $0.lossReported(reason, at: $1, effects: &$2) }
        registry.plan(held)
    }
}
