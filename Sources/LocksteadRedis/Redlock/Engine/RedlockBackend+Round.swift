import Lockstead
import Logging
import RESP
import Synchronization

extension RedlockBackend {
    /// How a round went.
    enum Rounded: Sendable {
        case granted(Grant)
        /// With how long until it may be another's turn, where this request would be the first to see it.
        case busy(LockDescription?, opensIn: TimeSpan?)
        /// Some nodes were taken and given back.
        case split
        /// The lock's rules say no.
        case refused(LockError)
        /// No majority answered.
        case unreachable(LockError)
    }

    /// A waiter that has given no sign of life for so long is dead: five fallback timers.
    private static let silence = Duration.seconds(5)
    /// Beyond this the list is an outage, and refusing is kinder than waiting.
    private static let mostWaiters = 10_000
    /// For so long something that was sent and given up may still be on its way, and is refused when it arrives (R24).
    static let onItsWay = Duration.seconds(30)

    /// Asks all nodes at once, under an attempt of its own (RULES 10).
    func round(_ ask: Ask, waits: Bool) async -> Rounded {
        let asked = nodes.filter(\.isFit)
        guard asked.count >= quorum.majority else { return .unreachable(unavailable()) }
        let (attempt, sent) = (Self.freshAttempt(), time.now)
        let (proposed, memory) = knowledge.withLock { ($0.clock.propose(at: sent, quorum), $0.memory) }
        let machine = AcquireRound(quorum, memory: memory, asked: asked.map(\.index), proposed: proposed, at: sent)
        let call = acquireCall(ask, attempt, proposed: proposed, waits: waits)
        let isOver = OnceFlag()
        let gathering = gather(
            machine, { _ in call }, on: asked, until: limit(of: ask, sent), reading: { AcquireRound.Answer($0) },
            then: { [self] answer, node, failure in
                // Who gives the name takes the request out of its list.
                if waits, case .busy = answer {
                    ask.listed.add(node.index)
                    if ask.hasLeft.isSet { leaveLists(ask) }
                }
                if case .taken = answer { ask.listed.remove(node.index) }
                learn(answer, from: node, failure, of: ask)
                if isOver.isSet, case .taken = answer { returnLate(attempt, ask, on: node) }
            })
        return await conclude(
            await gathering.decided(), Attempt(id: attempt, round: gathering, isOver: isOver, sent: sent), ask)
    }

    private static func freshAttempt() -> RequestID {
        var generator = SystemRandomNumberGenerator()
        return .random(using: &generator)
    }

    /// A node is not waited for longer than a small part of the lease, nor beyond the call's own time.
    private func limit(of ask: Ask, _ now: ContinuousTime) -> ContinuousTime {
        let patience = now.advanced(by: min(engine.nodeTimeout, ask.request.lease / 4))
        switch ask.request.wait {
        case .until(let deadline) where deadline > now: return min(patience, deadline.advanced(by: Self.lastWord))
        default: return min(patience, finalLimit(of: ask))
        }
    }

    /// What may follow a round within L5: the token's second phase, or giving back what was taken.
    private func finalLimit(of ask: Ask) -> ContinuousTime {
        let now = time.now
        let patience = now.advanced(by: engine.nodeTimeout)
        guard case .until(let deadline) = ask.request.wait, deadline.advanced(by: .seconds(1)) > now else {
            return patience
        }
        return min(patience, max(deadline.advanced(by: Self.veryLastWord), now.advanced(by: .milliseconds(10))))
    }

    /// Beyond the deadline, and within the 100 ms of L5.
    static let veryLastWord = Duration.milliseconds(85)

    private func acquireCall(_ ask: Ask, _ attempt: RequestID, proposed: UInt64, waits: Bool) -> RedisScriptCall {
        let (request, terms) = (ask.request, ask.request.terms)
        var call = call(RedlockScripts.acquire, ask.keys, marker: true)
        call.append(attempt.description)
        call.append(proposed)
        call.append(request.lease.millisecondsUp)
        call.append(
            "\(terms.lockDelay.millisecondsUp) \(terms.minimumHold.millisecondsUp) \(terms.maximumHoldMilliseconds)")
        call.append("\(request.owner) \(request.note.word) \(channel)")
        call.append(
            waits ? "\(Self.silence.millisecondsUp) \(place(of: request, at: ask.arrival)) \(Self.mostWaiters)" : "")
        call.append(request.id.description)
        return call
    }

    /// What a node tells of its clock and its memory counts for later rounds, too, however late it comes.
    private func learn(_ answer: AcquireRound.Answer?, from node: RedlockNode, _ failure: RedisError?, of ask: Ask) {
        if let failure, failure.effect == .mayHaveHappened, failure.serverText == nil { ask.lostAnAnswer.set() }
        guard let clock = answer?.clock else { return }
        let now = time.now
        knowledge.withLock { known in
            known.clock.told(micros: clock.micros, by: node.index, at: now)
            known.memory.told(age: clock.age, by: node.index, at: now)
        }
    }
}

// MARK: What follows

extension RedlockBackend {
    /// An attempt, as long as something of it is to be had or undone.
    struct Attempt: Sendable {
        let id: RequestID
        let round: Gathering<AcquireRound>
        /// Set before it is given back: what is taken later is given back on arrival (R24).
        let isOver: OnceFlag
        let sent: ContinuousTime
    }

    private func conclude(_ round: AcquireRound, _ attempt: Attempt, _ ask: Ask) async -> Rounded {
        switch round.verdict {
        case .agreed(let token):
            if let grant = hold(ask, token, attempt) { return .granted(grant) }
        case .toRaise(let token, let raised):
            if await raise(token, attempt.id, ask, on: raised, round),
                let grant = hold(ask, token, attempt)
            {
                return .granted(grant)
            }
        case .open, .split, .busy, .full, .unreachable: break
        }
        await giveBack(attempt, ask)
        switch round.verdict {
        case .busy: return .busy(blocker(of: ask.request, round), opensIn: round.opensIn)
        case .full: return .refused(LockError(Refusal.tooManyWaiters))
        case .unreachable, .open:
            let effect: LockError.Effect = ask.lostAnAnswer.isSet ? .mayHaveHappened : .didNotHappen
            return .unreachable(unavailable(attempt.round.failures, effect: effect))
        case .agreed, .toRaise, .split: return .split
        }
    }

    /// The second phase: the token on a majority, or it is not reported.
    private func raise(
        _ token: FencingToken, _ attempt: RequestID, _ ask: Ask, on raised: [Int], _ round: AcquireRound
    ) async -> Bool {
        let end = finalLimit(of: ask)
        var call = call(RedlockScripts.raise, ask.keys)
        call.append(attempt.description)
        call.append(token.description)
        let raising = call
        // Those that forgot are told as well, and do not count.
        let counted = round.counted
        for node in nodes where raised.contains(node.index) && !counted.contains(node.index) {
            node.client.begin(raising, deadline: end) { _ in }
        }
        let poll = gather(
            Poll(quorum, asked: counted), { _ in raising }, on: nodes.filter { counted.contains($0.index) },
            until: end, reading: NodeVotes.raise)
        return await poll.decided().verdict == .won
    }

    /// The grant, if there is time left of it (R35: counted from the round that got it); `nil` where there is none.
    private func hold(_ ask: Ask, _ token: FencingToken, _ attempt: Attempt) -> Grant? {
        let (request, sent) = (ask.request, attempt.sent)
        let now = time.now
        guard now < sent + LeaseRules.validity(of: TimeSpan(request.lease)) else { return nil }
        let grant = Grant(
            request: request.id, owner: request.owner, names: request.names, mode: request.mode, token: token,
            lease: request.lease, validity: .armed(at: sent, for: request.lease),
            holdLimit: request.terms.maximumHold.map { sent.advanced(by: $0) }, guarantee: Self.guarantee)
        holdings.add(
            Holdings.Holding(
                request: request, grant: grant, attempt: attempt.id, since: now, round: attempt.round,
                isOver: attempt.isOver), at: now)
        tellForgetful(attempt.round.machine, request)
        return grant
    }

    private func tellForgetful(_ round: AcquireRound, _ request: LockRequest) {
        let forgetful = round.forgetful
        guard !forgetful.isEmpty else { return }
        let endpoints = forgetful.map { "\(nodes[$0].endpoint)" }.joined(separator: ", ")
        logger.notice(
            "A Redlock node forgot its locks and has no vote for now; the token is only as good as the others' memory",
            metadata: ["nodes": "\(endpoints)", "name": "\(request.names.first?.text ?? "")"])
    }

    /// Gives back what an attempt got, and has refused what of it still arrives; waits for those that had given the name.
    private func giveBack(_ attempt: Attempt, _ ask: Ask) async {
        attempt.isOver.set()
        let round = attempt.round.machine
        let (taken, unanswered) = (Set(round.taken.keys), round.unanswered)
        let concerned = nodes.filter { taken.contains($0.index) || unanswered.contains($0.index) }
        guard !concerned.isEmpty else { return }
        let end = time.now.advanced(by: max(ask.request.lease, Self.onItsWay))
        let calls = concerned.map { node in
            releaseCall(
                ask.keys, attempt: attempt.id, mark: round.lost.contains(node.index), isGrant: false,
                looksItself: ask.request.id)
        }
        let byNode = Dictionary(uniqueKeysWithValues: zip(concerned.map(\.index), calls))
        let fallback = calls[0]
        let returned = gather(
            Poll(Quorum(nodes: max(1, taken.count * 2 - 1)), asked: Array(taken)), { byNode[$0.index] ?? fallback },
            on: concerned, until: finalLimit(of: ask), reading: NodeVotes.done,
            then: { [self] _, node, failure in
                guard failure?.maySubside ?? false else { return }
                // By now the attempt may be on its way there as well.
                node.owe(
                    releaseCall(
                        ask.keys, attempt: attempt.id, mark: true, isGrant: false, looksItself: ask.request.id),
                    until: end)
            })
        if !taken.isEmpty { _ = await returned.decided() }
    }

    /// What a node gave after the attempt was over.
    private func returnLate(_ attempt: RequestID, _ ask: Ask, on node: RedlockNode) {
        let call = releaseCall(
            ask.keys, attempt: attempt, mark: false, isGrant: false, looksItself: ask.request.id)
        let end = time.now.advanced(by: max(ask.request.lease, Self.onItsWay))
        node.client.begin(call, deadline: time.now.advanced(by: engine.nodeTimeout)) { answer in
            if case .failure(let error) = answer, error.maySubside { node.owe(call, until: end) }
        }
    }

    /// Who is in the way, as far as the nodes' answers tell.
    private func blocker(of request: LockRequest, _ round: AcquireRound) -> LockDescription? {
        guard let name = request.names.first else { return nil }
        let records = round.busy.values.compactMap { busy in HolderRecord(busy.value).map { ($0, busy) } }
        guard let (record, busy) = records.max(by: { $0.0.token < $1.0.token }), record.token.rawValue > 0 else {
            return nil
        }
        // The answer's own clock, in the milliseconds that records have.
        let holder = record.description(at: ServerMilliseconds(clamping: busy.micros / 1_000))
        return LockDescription(name: name, kind: .readWrite, holders: [holder], waiters: [], waiterCount: 0)
    }
}
