import LockCore
import SeededRandom

/// What happens at the service.
extension SessionWalk {
    mutating func receive(_ request: SessionRequest, toDeposed: Bool) -> String? {
        if toDeposed {
            if case .heartbeat(let session) = request.body { heartbeat(request, session, ofDeposed: true) }
            return nil
        }
        guard let leader = service.leader else { return nil }
        if leader.pausedUntil > real {
            service.leader?.inbox.append(request)
            return nil
        }
        say("client \(request.client) → service: \(request.body)")
        service.leader?.heard[request.session] = max(request.number, leader.heard[request.session] ?? 0)
        switch request.body {
        case .open(let session, let timeToLive):
            service.clientOf[session] = request.client
            append(.openSession(.init(session: session, timeToLive: timeToLive)), request)
        case .heartbeat(let session): heartbeat(request, session, ofDeposed: false)
        case .acquire(var acquire, let wait):
            acquire.waitUntil = wait.map { $0 == .forever ? .distantFuture : service.stamp(leader, at: real) + $0 }
            append(.acquire(acquire), request)
        case .command(let command): append(command, request)
        }
        return nil
    }

    /// Nothing is answered before the leader has applied its barrier (RULES 22c): till then requests are left to be sent again.
    private mutating func append(_ command: Command, _ request: SessionRequest) {
        guard service.isLed else { return }
        append(command, origin: .init(client: request.client, number: request.number, session: request.session))
    }

    mutating func append(_ command: Command?, origin: SessionService.Origin?, commitsAfter delay: Int64? = nil) {
        let isChosen = delay != nil
        let delay = delay ?? commitDelay()
        if !isChosen, delay > 100_000_000, isAwkward(percent: profile.revocations) {
            // What is still to be granted is taken away already.
            queue.plan(.force(SessionClient.names[0]), at: real + Int64.random(in: 0...delay / 2, using: &faults))
        }
        if let time = service.append(command, origin: origin, at: real, commitsAfter: delay) {
            queue.plan(.commit, at: time)
        }
    }

    /// Mostly quick; now and then the disks are slow.
    private mutating func commitDelay() -> Int64 {
        guard Int.random(in: 0..<100, using: &network) < (isHealing ? 0 : 4) else {
            return Int64.random(in: 200_000...4_000_000, using: &network)
        }
        return Int64.random(in: 0...2_000_000_000, using: &network)
    }

    /// Applies what is committed, one entry at a step.
    mutating func commit() -> String? {
        guard let entry = service.log.first, entry.commitAt <= real else { return nil }
        if let leader = service.leader, leader.pausedUntil > real {
            queue.plan(.commit, at: leader.pausedUntil)
            return nil
        }
        service.log.removeFirst()
        guard let command = entry.command else {
            barrierApplied(entry.term)
            return nil
        }
        return apply(command, entry)
    }

    private mutating func apply(_ command: Command, _ entry: SessionService.Entry) -> String? {
        let (answer, effects, problem) = service.apply(command, entry.stamp)
        say("\(Account.of(command)) → \(Account.of(answer))")
        if let problem { return problem }
        note(command, answer, effects)
        if let problem = beliefs.judge(command, answer, effects, decidedAt: entry.appendedAt, at: real) {
            return problem
        }
        if let problem = beliefs.judgeEnds(effects, of: clients, at: real) { return problem }
        tellKeeper(command, answer, effects, ofTerm: entry.term)
        // RULES 22c: what a new leader finds in its log is told to those who ask again.
        if service.isLed { tell(entry.origin, answer, effects) }
        planTable()
        return nil
    }

    /// The table does by itself what is due only when a command tells it the time.
    mutating func planTable(notBefore earliest: Int64 = 0) {
        guard let leader = service.leader, let barrier = leader.barrier, let due = service.table.nextDue,
            due < .distantFuture
        else { return }
        let time = max(real, earliest, leader.clock.real(at: barrier.at + (due - barrier.log)))
        guard time < leader.plannedDue else { return }
        service.leader?.plannedDue = time
        queue.plan(.tableDue(term: leader.term), at: time)
    }

    mutating func tableDue(_ term: Int) {
        guard let leader = service.leader, leader.term == term, leader.plannedDue <= real else { return }
        service.leader?.plannedDue = .max
        guard leader.pausedUntil <= real, let due = service.table.nextDue else { return }
        say("something in the table is due")
        // Planned again when this one is applied.
        if due <= service.stamp(leader, at: real) {
            append(.advance, origin: nil)
        } else {
            planTable(notBefore: real + 1_000_000)
        }
    }

    private mutating func note(_ command: Command, _ answer: Answer, _ effects: [Effect]) {
        switch (command, answer) {
        case (.forceRelease(let force), .revoked(let tokens, _)) where force.now: beliefs.waive(tokens)
        case (.openSession(let open), .session): beliefs.opened(open.session, open.timeToLive, at: real)
        default: break
        }
        for effect in effects {
            switch effect {
            case .granted(let grant):
                if let request = service.judge.request(grant.request) { beliefs.note(request, grant) }
            case .sessionLost: counts.expiries += 1
            default: break
            }
        }
    }

    // MARK: Sessions

    private mutating func heartbeat(_ request: SessionRequest, _ session: SessionID, ofDeposed: Bool) {
        service.tickets += 1
        service.heartbeats[service.tickets] = .init(
            origin: .init(client: request.client, number: request.number, session: session), arrivedAt: real)
        let ticket = SessionKeeper.Ticket(session: session, number: service.tickets)
        if !ofDeposed, let term = service.leader?.term, let view = service.table.session(session) {
            beliefs.heard(session, view.timeToLive, by: term, at: real)
        }
        drive(ofDeposed: ofDeposed) { keeper, now, effects in
            keeper.heartbeatArrived(ticket, at: now, effects: &effects)
        }
    }

    /// Feeds the keeper of the leader, or of one that is none any more, and carries out what it says.
    mutating func drive(
        ofDeposed: Bool = false, _ feed: (inout SessionKeeper, ContinuousTime, inout [SessionKeeper.Effect]) -> Void
    ) {
        guard var leader = ofDeposed ? service.deposed : service.leader else { return }
        var effects: [SessionKeeper.Effect] = []
        feed(&leader.keeper, leader.clock.reading(at: real), &effects)
        if ofDeposed { service.deposed = leader } else { service.leader = leader }
        for effect in effects { carryOut(effect, ofDeposed: ofDeposed) }
        if !ofDeposed { planKeeper() }
    }

    private mutating func carryOut(_ effect: SessionKeeper.Effect, ofDeposed: Bool) {
        switch effect {
        case .expire(let session, let generation):
            // What a deposed leader appends never counts.
            if !ofDeposed { expire(session, generation) }
        case .confirm(let ticket):
            guard let heartbeat = service.heartbeats.removeValue(forKey: ticket.number) else { return }
            if let view = service.table.session(ticket.session) {
                beliefs.proved(ticket.session, view.timeToLive, at: heartbeat.arrivedAt)
            }
            confirm(heartbeat.origin, revoked: service.revoked(of: ticket.session))
        case .lost(let ticket):
            guard let heartbeat = service.heartbeats.removeValue(forKey: ticket.number) else { return }
            reply(heartbeat.origin, .lost)
        case .unknown(let ticket):
            guard let heartbeat = service.heartbeats.removeValue(forKey: ticket.number) else { return }
            reply(heartbeat.origin, .unknown)
        }
    }

    private mutating func confirm(_ origin: SessionService.Origin, revoked: [FencingToken]) {
        guard isAwkward(percent: profile.silences) else { return reply(origin, .renewed(revoked: revoked)) }
        // The answer is as late as may be, and nothing that is sent again arrives.
        let lease = clients[origin.client].timeToLive.nanoseconds
        reply(origin, .renewed(revoked: revoked), late: Int64.random(in: 0...lease / 10, using: &faults))
        silence(origin.client, isDeaf: chance(50))
    }

    private mutating func expire(_ session: SessionID, _ generation: UInt64) {
        guard let leader = service.leader else { return }
        decisionProblem = decisionProblem ?? beliefs.judgeDecision(to: session, by: leader.term, at: real)
        append(.expire(session, generation: generation), origin: nil)
        // The moment at which a leader's death is most awkward.
        guard isAwkward(percent: 8) else { return }
        queue.plan(.leaderDies(term: leader.term), at: real + Int64.random(in: 0...3_000_000, using: &faults))
    }

    private mutating func planKeeper() {
        guard let leader = service.leader else { return }
        if let due = leader.keeper.nextDue {
            let time = max(real, leader.clock.real(at: due))
            if time < leader.plannedTick {
                service.leader?.plannedTick = time
                queue.plan(.tick(term: leader.term), at: time)
            }
        }
        if leader.keeper.wantsRound, !leader.isRoundPlanned {
            service.leader?.isRoundPlanned = true
            queue.plan(.roundStart(term: leader.term), at: real + Int64.random(in: 0...20_000_000, using: &network))
        }
    }

    mutating func tick(_ term: Int) {
        guard let leader = service.leader, leader.term == term, leader.plannedTick <= real else { return }
        service.leader?.plannedTick = .max
        guard leader.pausedUntil <= real else { return }
        say("the leader looks for sessions that are over")
        drive { $0.timeAdvanced(to: $1, effects: &$2) }
    }

    mutating func startRound(_ term: Int) {
        guard let leader = service.leader, leader.term == term else { return }
        service.leader?.isRoundPlanned = false
        guard leader.pausedUntil <= real, let number = service.leader?.keeper.roundStarted() else { return }
        say("the leader asks the voters")
        let asked = real + profile.delay(&network)
        // The voters' answers may lie around for long.
        let slow = !isHealing && Int.random(in: 0..<100, using: &network) < 10
        let answered = asked + (slow ? Int64.random(in: 0...4_000_000_000, using: &network) : profile.delay(&network))
        // Between question and answer another may become leader.
        if slow, isAwkward(percent: 30) { queue.plan(.isolation(term: term), at: asked + 1) }
        queue.plan(.roundDone(term: term, number: number, askedVotersAt: asked), at: answered)
    }

    mutating func finishRound(_ term: Int, _ number: UInt64, askedVotersAt asked: Int64) {
        for ofDeposed in [false, true] {
            guard let leader = ofDeposed ? service.deposed : service.leader, leader.term == term else { continue }
            if let isolatedAt = leader.isolatedAt, asked >= isolatedAt { continue }
            if leader.pausedUntil > real {
                return queue.plan(.roundDone(term: term, number: number, askedVotersAt: asked), at: leader.pausedUntil)
            }
            say("the voters say that the leader of term \(term) led")
            drive(ofDeposed: ofDeposed) { $0.roundConfirmed(number, at: $1, effects: &$2) }
        }
    }

    private mutating func tellKeeper(
        _ command: Command, _ answer: Answer, _ effects: [Effect], ofTerm term: Int
    ) {
        switch (command, answer) {
        case (.openSession(let open), .session):
            guard let view = service.table.session(open.session) else { return }
            drive { keeper, now, _ in keeper.opened(view, at: now) }
        case (.renew(let session, _), .session), (.expire(let session, _), .session):
            guard let view = service.table.session(session) else { return }
            drive { keeper, now, _ in keeper.renewed(view, at: now) }
        case (.forceRelease, _) where term == service.leader?.term:
            service.leader?.pendingRevocations -= 1
            drive { $0.revocationApplied(at: $1, effects: &$2) }
        case (.closeSession(let session), .done):
            drive { keeper, _, effects in keeper.ended(session, effects: &effects) }
        default:
            for case .sessionLost(let session) in effects {
                drive { keeper, _, told in keeper.ended(session, effects: &told) }
            }
        }
    }

    // MARK: Answers

    private mutating func tell(_ origin: SessionService.Origin?, _ answer: Answer, _ effects: [Effect]) {
        if let origin { reply(origin, .answer(service.telling(answer))) }
        for effect in effects {
            switch effect {
            case .granted(let grant): tell(of: grant)
            case .waitEnded(let event, _): notify(event.session, .waitEnded(event.request))
            case .revoked(let event, _): notify(event.session, .revoked(event.token))
            case .sessionLost(let session): notify(session, .lost)
            default: break
            }
        }
    }

    private mutating func tell(of grant: GrantRecord) {
        guard isAwkward(percent: profile.revocations), let name = grant.names.first else {
            return notify(grant.session, .granted(grant))
        }
        // It is revoked before its holder hears of it.
        queue.plan(.force(name), at: real + Int64.random(in: 0...100_000_000, using: &faults))
        let late = Int64.random(in: 0...1_200_000_000, using: &faults)
        notify(grant.session, .granted(grant), late: late)
        // And once it has heard of it, nothing else reaches it for a lease.
        if let client = service.clientOf[grant.session] {
            queue.plan(.silence(client: client, isDeaf: chance(50)), at: real + late)
        }
    }

    private mutating func notify(_ session: SessionID, _ body: SessionReply.Body, late: Int64 = 0) {
        guard let client = service.clientOf[session] else { return }
        reply(.init(client: client, number: 0, session: session), body, late: late)
    }

    mutating func reply(_ origin: SessionService.Origin, _ body: SessionReply.Body, late: Int64 = 0) {
        guard cutTo[origin.client] <= real else { return }
        let reply = SessionReply(
            client: origin.client, session: origin.session, number: origin.number, body: body,
            heard: service.heard(of: origin.session))
        let life = clients[origin.client].life
        for time in profile.arrivals(real + late, &network) { queue.plan(.reply(reply, life: life), at: time) }
    }
}
