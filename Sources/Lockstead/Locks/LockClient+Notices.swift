import LockCore

extension LockClient {
    /// Acts on what the engine says without being asked.
    func heed(_ notice: BackendNotice) {
        switch notice {
        case .suspect(let requests, let reason):
            for held in requests.map({ $0.compactMap(registry.grant) }) ?? registry.all { doubt(held, reason) }
        case .lost(let request, let reason):
            if let held = registry.grant(orRemember: reason, of: request) { endLease(held, reason) }
        }
    }

    private func doubt(_ held: HeldGrant, _ reason: String) {
        held.step { $0.doubtRaised(reason, at: $1, effects: &$2) }
        registry.plan(held)
    }

    func endLease(_ held: HeldGrant, _ reason: LossReason) {
        held.step { $0.lossReported(reason, at: $1, effects: &$2) }
        registry.plan(held)
    }
}
