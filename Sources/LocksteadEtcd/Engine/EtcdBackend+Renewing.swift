package import Lockstead
import Synchronization

// Belief is renewed in two steps: a sign of life for the lease, and then a look whether the keys are still those that were made (RULES 2):
// a member that dropped a lease may still answer its sign of life.
extension EtcdBackend {
    /// Members take at most 128 operations in a transaction.
    private static let keysAtOnce = 100

    package func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        let known = holds.withLock { holds in grants.map { holds.hold(of: $0) } }
        var outcomes = grants.indices.map { index -> RenewalOutcome in
            known[index]?.loss.map { .lost($0) } ?? .lost(grants[index].isOver(at: time.now) ? .holdLimit : .superseded)
        }
        let live = known.indices.filter { known[$0].map { $0.loss == nil } ?? false }
        let sessions = Dictionary(grouping: live) { known[$0].map { $0.session.id } }
        for places in sessions.values {
            let holds = places.compactMap { known[$0] }
            for (place, outcome) in zip(places, await renew(holds, deadline)) { outcomes[place] = outcome }
        }
        return outcomes
    }

    /// Renews holds of one session.
    private func renew(_ holds: [HoldBook.Hold], _ deadline: ContinuousTime) async -> [RenewalOutcome] {
        guard let session = holds.first?.session else { return [] }
        let limit = limit(deadline)
        switch await session.refresh(client, until: limit) {
        case .gone: return holds.map { .lost(lose($0)) }
        case .unknown(let error): return holds.map { _ in .unknown(LockError(error)) }
        case .alive(let armedAt):
            var outcomes: [RenewalOutcome] = []
            for batch in batches(of: holds) { outcomes += await check(batch, armedAt, limit) }
            return outcomes
        }
    }

    private func batches(of holds: [HoldBook.Hold]) -> [[HoldBook.Hold]] {
        holds.reduce(into: [[]]) { batches, hold in
            let count = batches[batches.count - 1].reduce(0) { $0 + $1.keys.count }
            if count > 0, count + hold.keys.count > Self.keysAtOnce { batches.append([]) }
            batches[batches.count - 1].append(hold)
        }
    }

    /// Whether the keys of grants are still those that were made.
    private func check(
        _ holds: [HoldBook.Hold], _ armedAt: ContinuousTime, _ limit: ContinuousTime
    ) async -> [RenewalOutcome] {
        let ranges = holds.flatMap(\.keys).map { Etcdserverpb_RangeRequest(KeyRange(only: $0)) }
        switch await read(ranges, until: limit) {
        case .failure(let error): return holds.map { _ in .unknown(LockError(error)) }
        case .success(let seen):
            var reads = seen.reads[...]
            return holds.map { hold in
                let own = reads.prefix(hold.keys.count)
                reads = reads.dropFirst(hold.keys.count)
                return outcome(of: hold, own.map(\.kvs.first), armedAt)
            }
        }
    }

    private func outcome(
        of hold: HoldBook.Hold, _ pairs: [Etcdserverpb_KeyValue?], _ armedAt: ContinuousTime
    ) -> RenewalOutcome {
        let own = pairs.compactMap { $0 }.filter { $0.createRevision == hold.created }
        guard own.count == hold.keys.count else { return .lost(lose(hold)) }
        let records = own.compactMap { ContenderRecord($0.value) }
        if let revoked = records.first(where: { $0.phase == .revoked || $0.phase == .forced }) {
            _ = holds.withLock { $0.lost(hold.request.id, .revoked(revoked.reason)) }
            return .lost(.revoked(revoked.reason))
        }
        holds.withLock { $0.renewed(hold.request.id, created: hold.created, at: armedAt) }
        return .renewed(.armed(at: armedAt, for: hold.request.lease))
    }

    /// Its keys, or some of them, are gone; those that are left are freed by its release, or when its time has come.
    private func lose(_ hold: HoldBook.Hold) -> LossReason {
        let reason = lossReason(of: hold)
        return holds.withLock { holds in
            _ = holds.lost(hold.request.id, reason)
            return holds[hold.request.id]?.loss ?? reason
        }
    }
}

extension Grant {
    /// Whether its cap has come.
    fileprivate func isOver(at now: ContinuousTime) -> Bool { holdLimit.map { $0 <= now } ?? false }
}
