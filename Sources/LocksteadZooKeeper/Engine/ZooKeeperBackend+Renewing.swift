import Jute
package import Lockstead
import Synchronization

// Belief is renewed by a transaction that a majority commits, which checks the very nodes of the grants (RULES 32). What one server says
// alone proves nothing: a follower answers pings and reads for seconds after the leader gave the session up.
extension ZooKeeperBackend {
    /// Servers take a megabyte at once.
    private static let bytesAtOnce = 200_000

    package func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        let known = holds.withLock { holds in grants.map { holds.hold(of: $0) } }
        var outcomes = grants.indices.map { index -> RenewalOutcome in
            known[index]?.loss.map { .lost($0) } ?? .lost(grants[index].isOver(at: time.now) ? .holdLimit : .superseded)
        }
        let live = known.indices.filter { known[$0].map { $0.loss == nil } ?? false }
        let bySession = Dictionary(grouping: live) { known[$0].map { ObjectIdentifier($0.session) } }
        let limit = limit(deadline)
        for places in bySession.values {
            let holds = places.compactMap { known[$0] }
            for (place, outcome) in zip(places, await renew(holds, limit)) { outcomes[place] = outcome }
        }
        return outcomes
    }

    /// Renews holds of one session.
    private func renew(_ holds: [HoldBook.Hold], _ limit: ContinuousTime) async -> [RenewalOutcome] {
        var outcomes: [RenewalOutcome] = []
        for batch in batches(of: holds) { outcomes += await prove(batch, limit) }
        return outcomes
    }

    private func batches(of holds: [HoldBook.Hold]) -> [[HoldBook.Hold]] {
        var size = 0
        return holds.reduce(into: [[]]) { batches, hold in
            let bytes = hold.keys.reduce(0) { $0 + $1.utf8.count + 32 }
            if size > 0, size + bytes > Self.bytesAtOnce {
                batches.append([])
                size = 0
            }
            size += bytes
            batches[batches.count - 1].append(hold)
        }
    }

    /// One transaction for all; where one of them is gone, another one for the rest.
    private func prove(_ holds: [HoldBook.Hold], _ limit: ContinuousTime) async -> [RenewalOutcome] {
        var outcomes: [RequestID: RenewalOutcome] = [:]
        var rest = holds
        while !rest.isEmpty {
            // Their clients never write them: what was written was revoked.
            let checks = rest.flatMap { hold in hold.keys.map { (hold, ZKOperation.check(path: $0, version: 0)) } }
            let answer = await ask(.multi(checks.map(\.1)), of: rest[0].session, until: limit)
            guard case .success(let answered) = answer, case .parts(let parts) = answered.result,
                parts.count == checks.count
            else {
                for hold in rest { outcomes[hold.request.id] = outcome(of: hold, without: answer) }
                break
            }
            let failed = parts.firstIndex {
                if case .failed(let code) = $0 { code != .fine && code != .rolledBack } else { false }
            }
            guard let failed else {
                for hold in rest { outcomes[hold.request.id] = renewed(hold, answered.proof) }
                break
            }
            let hold = checks[failed].0
            outcomes[hold.request.id] = await lost(hold, checks[failed].1.path, limit)
            rest.removeAll { $0.request.id == hold.request.id }
        }
        return holds.map { outcomes[$0.request.id] ?? .lost(.expired) }
    }

    private func outcome(of hold: HoldBook.Hold, without answer: ZKCall.Answer) -> RenewalOutcome {
        guard case .failure(let error) = answer else { return .unknown(LockError(.badAnswer)) }
        guard error.code == .sessionExpired else { return .unknown(LockError(error)) }
        return .lost(lose(hold, .expired))
    }

    private func renewed(_ hold: HoldBook.Hold, _ proof: ProofOfLife) -> RenewalOutcome {
        holds.withLock { $0.renewed(hold.request.id, created: hold.created, at: proof.sent) }
        return .renewed(proof.validity(for: hold.request.lease))
    }

    /// Its node is gone, or somebody wrote it.
    private func lost(_ hold: HoldBook.Hold, _ path: String, _ limit: ContinuousTime) async -> RenewalOutcome {
        guard
            case .success(let answered) = await ask(.getData(path: path, watch: false), of: hold.session, until: limit),
            case .data(let data, _) = answered.result, let record = ContenderRecord(data),
            record.phase == .revoked || record.phase == .forced
        else { return .lost(lose(hold, lossReason(of: hold))) }
        return .lost(lose(hold, .revoked(record.reason)))
    }

    /// Nodes that are left are freed by its release, or when its time has come.
    private func lose(_ hold: HoldBook.Hold, _ reason: LossReason) -> LossReason {
        holds.withLock { holds in
            _ = holds.lost(hold.request.id, reason)
            return holds[hold.request.id]?.loss ?? reason
        }
    }
}

extension Grant {
    /// Whether its cap has come.
    fileprivate func isOver(at now: ContinuousTime) -> Bool { holdLimit.map { $0 <= now } ?? false }
}
