package import Lockstead
import RESP

extension RedlockBackend {
    /// What became of one grant while it was being renewed.
    private enum Extending {
        case refused(LossReason)
        case asked(Holdings.Holding, Gathering<Poll>)
    }

    package func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        let sent = time.now
        let limit = limit(deadline)
        // All are sent before the first is awaited.
        let extending = grants.map { extend($0, sent: sent, until: limit) }
        var outcomes: [RenewalOutcome] = []
        for (grant, asked) in zip(grants, extending) {
            let outcome = await outcome(of: asked, grant, sent: sent)
            if case .lost(.expired) = outcome, let limit = grant.holdLimit, limit <= time.now {
                outcomes.append(.lost(.holdLimit))
            } else {
                outcomes.append(outcome)
            }
        }
        return outcomes
    }

    /// L5 gives a call 100 ms beyond its deadline: enough for one exchange, which a deadline that has come would not leave.
    func limit(_ deadline: ContinuousTime) -> ContinuousTime { max(deadline, time.now.advanced(by: Self.lastWord)) }

    private func extend(_ grant: Grant, sent: ContinuousTime, until limit: ContinuousTime) -> Extending {
        guard let holding = holdings.holding(of: grant), let keys = try? keys(of: grant.names) else {
            // A name that this engine granted is one that it takes; and what it does not know it did not grant.
            return .refused(.superseded)
        }
        var call = call(RedlockScripts.extend, keys)
        call.append(holding.attempt.description)
        call.append(grant.lease.millisecondsUp)
        let extending = call
        let asked = nodes.filter(\.isFit)
        return .asked(
            holding,
            gather(
                Poll(quorum, asked: asked.map(\.index)), { _ in extending }, on: asked, until: limit,
                reading: NodeVotes.extend,
                then: { [self] answer, node, _ in
                    if answer == .some("free") { healLater(grant, on: node, sent: sent) }
                }))
    }

    /// A minority that fails never ends the grant (R37).
    private func outcome(of extending: Extending, _ grant: Grant, sent: ContinuousTime) async -> RenewalOutcome {
        switch extending {
        case .refused(let reason): return .lost(reason)
        case .asked(let holding, let gathering):
            let poll = await gathering.decided()
            switch poll.verdict {
            case .won:
                let validity = Grant.Validity.armed(at: sent, for: grant.lease)
                holdings.renewed(holding, validity)
                // Those that said so since the decision found no renewal noted yet.
                let lacking = gathering.machine.refusing
                for node in nodes where lacking.contains(node.index) { heal(grant, on: node) }
                return .renewed(validity)
            case .lost: return .lost(Self.reason(poll.reasons))
            case .open, .unknown: return .unknown(unavailable(gathering.failures, effect: .mayHaveHappened))
            }
        }
    }

    private static func reason(_ words: [String]) -> LossReason {
        if let revoked = words.first(where: { $0.hasPrefix("revoked ") }) {
            return .revoked(WakeMessage.reason(revoked.dropFirst(8)))
        }
        return words.count { $0 == "other" } * 2 > words.count ? .superseded : .expired
    }
}

// MARK: Healing

extension RedlockBackend {
    /// A node that said so after the majority had decided.
    private func healLater(_ grant: Grant, on node: RedlockNode, sent: ContinuousTime) {
        // Only what a majority has just confirmed is brought back anywhere (R14).
        guard case .armed(let start, _) = holdings.holding(of: grant)?.grant.validity, start >= sent else { return }
        heal(grant, on: node)
    }

    /// Gives the grant to a node that lacks it, if nobody else has it there (R36, R37); never waited for.
    private func heal(_ grant: Grant, on node: RedlockNode) {
        guard let holding = holdings.holding(of: grant), let keys = try? keys(of: grant.names),
            holdings.beginHealing(grant.request, on: node.index)
        else { return }
        let call = healCall(holding, keys)
        node.client.begin(call, deadline: time.now.advanced(by: engine.nodeTimeout)) { [holdings] answer in
            // What was not answered may arrive yet, and is refused by the release's mark.
            let isLost = answer.failure.map { $0.effect == .mayHaveHappened && $0.serverText == nil } ?? false
            holdings.healed(grant.request, on: node.index, isAnswered: !isLost)
        }
    }

    private func healCall(_ holding: Holdings.Holding, _ keys: LockKeys) -> RedisScriptCall {
        let (request, now) = (holding.request, time.now)
        let held = holding.since.duration(to: now)
        var call = call(RedlockScripts.heal, keys)
        call.append(holding.attempt.description)
        call.append(holding.grant.token.description)
        call.append(request.owner.description)
        call.append(request.lease.millisecondsUp)
        call.append(request.terms.lockDelay.millisecondsUp)
        call.append(max(0, (request.terms.minimumHold - held).millisecondsUp))
        call.append(holding.grant.holdLimit.map { max(1, now.duration(to: $0).millisecondsUp) } ?? 0)
        call.append(max(0, held.millisecondsUp))
        call.append(channel)
        call.append(request.note.word)
        return call
    }
}

extension Result {
    fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
