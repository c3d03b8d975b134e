import LockCore
import SeededRandom

/// What happens to clients and to what they guard.
extension SessionWalk {
    mutating func handle(_ event: Event) -> String? {
        switch event {
        case .wake(let index): wake(index)
        case .resume(let index): resume(index)
        case .request(let request, let toDeposed): return receive(request, toDeposed: toDeposed)
        case .reply(let reply, let life): deliver(reply, life)
        case .operation(let operation, let life): return perform(operation, life)
        case .readDone(let client, let life, let token, let version): hasRead(client, life, token, version)
        case .commit: return commit()
        case .tick(let term): tick(term)
        case .roundStart(let term): startRound(term)
        case .roundDone(let term, let number, let asked): finishRound(term, number, askedVotersAt: asked)
        case .leaderResumes(let term): return leaderResumes(term)
        case .election: elect()
        case .deposedLearns: deposedLearns()
        case .tableDue(let term): tableDue(term)
        case .fault: return strike()
        case .isolation(let term): if service.leader?.term == term, !isHealing { isolate() }
        case .silence(let client, let isDeaf): silence(client, isDeaf: isDeaf)
        case .force(let name): force(name)
        case .leaderDies(let term): if service.leader?.term == term, !isHealing { return crash() }
        }
        return nil
    }

    // MARK: Clients

    private mutating func wake(_ index: Int) {
        // Who stands still finds on resuming how late it is.
        guard clients[index].plannedWake <= real, clients[index].pausedUntil <= real else { return }
        clients[index].plannedWake = .max
        say("client \(index) wakes")
        clients[index].wake(at: clients[index].clock.reading(at: real))
        after(index)
    }

    private mutating func resume(_ index: Int) {
        guard clients[index].pausedUntil <= real else { return }
        say("client \(index) goes on after a pause")
        let now = clients[index].clock.reading(at: real)
        let planned = min(clients[index].plannedWake, real)
        clients[index].plannedWake = .max
        clients[index].resume(after: now - clients[index].clock.reading(at: planned), at: now)
        after(index)
    }

    private mutating func deliver(_ reply: SessionReply, _ life: UInt64) {
        let index = reply.client
        guard clients[index].life == life else { return }
        // A process that stands still reads its mail when it runs again.
        if clients[index].pausedUntil > real { return clients[index].inbox.append(reply) }
        say("client \(index) is told \(reply.body)")
        clients[index].receive(reply, at: clients[index].clock.reading(at: real))
        after(index)
    }

    mutating func after(_ index: Int) {
        actor = index
        flush(index)
        planWake(index)
    }

    mutating func planWake(_ index: Int) {
        let due = max(real, clients[index].clock.real(at: clients[index].nextDue))
        guard due < clients[index].plannedWake, due < .max else { return }
        clients[index].plannedWake = due
        queue.plan(.wake(index), at: due)
    }

    private mutating func flush(_ index: Int) {
        let outbox = clients[index].outbox
        clients[index].outbox = []
        for message in outbox {
            switch message {
            case .service(let request): send(request)
            case .resource(let operation):
                // Lost ones are not sent again: a body that hears nothing goes on.
                guard Int.random(in: 0..<100, using: &network) >= profile.drop else { continue }
                queue.plan(.operation(operation, life: clients[index].life), at: real + profile.delay(&network))
            }
        }
    }

    private mutating func send(_ request: SessionRequest) {
        guard cutFrom[request.client] <= real else { return }
        // Who tries again may find the new leader.
        if isStray(request.client), Int.random(in: 0..<100, using: &network) < 3 {
            strayed &= ~(1 << UInt64(request.client))
        }
        for time in profile.arrivals(real, &network) {
            queue.plan(.request(request, toDeposed: isStray(request.client)), at: time)
        }
    }

    func isStray(_ client: Int) -> Bool { service.deposed != nil && strayed & (1 << UInt64(client)) != 0 }

    // MARK: Resources

    private mutating func perform(_ operation: GuardedOperation, _ life: UInt64) -> String? {
        guard let outcome = resources[operation.name]?.perform(operation) else { return nil }
        say(
            "client \(operation.client) at the resource \(operation.name), token \(operation.token): "
                + (outcome.version == nil ? "refused" : "\(operation.kind)"))
        if let problem = outcome.problem { return problem }
        guard let version = outcome.version else {
            counts.refusals += 1
            return nil
        }
        counts.operations += 1
        if case .read = operation.kind {
            queue.plan(
                .readDone(client: operation.client, life: life, token: operation.token, version: version),
                at: real + profile.delay(&network))
        }
        return nil
    }

    private mutating func hasRead(_ index: Int, _ life: UInt64, _ token: FencingToken, _ version: UInt64) {
        guard clients[index].life == life else { return }
        for place in clients[index].handles.indices where clients[index].handles[place].grant.token == token {
            clients[index].handles[place].hasRead(version)
        }
    }
}
