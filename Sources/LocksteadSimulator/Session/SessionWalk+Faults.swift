import LockCore
import SeededRandom

/// What goes wrong.
extension SessionWalk {
    /// One fault, and the next after a while.
    mutating func strike() -> String? {
        guard !isHealing else { return nil }
        queue.plan(.fault, at: real + Int64.random(in: 0...(2 * profile.calm), using: &faults))
        if chance(profile.revocations) { force(SessionClient.names[0]) }
        let client = clients.indices.randomElement(using: &faults) ?? 0
        switch Int.random(in: 0..<100, using: &faults) {
        case 0..<22: pause(client)
        case 22..<42: cut(client)
        case 42..<50: kill(client)
        case 50..<58: stepWallClock(client)
        case 58..<66: if let name = SessionClient.names.randomElement(using: &faults) { force(name) }
        case 66..<74: stall()
        case 74..<88: isolate()
        default: return crash()
        }
        return nil
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &faults) < percent }

    /// Whether the worst is to happen just now, at a moment that chance alone would hardly ever hit.
    mutating func isAwkward(percent: Int) -> Bool { !isHealing && chance(percent) }

    // MARK: Clients

    /// Nothing of it arrives for about a lease: it lives by what it was last told.
    mutating func silence(_ client: Int, isDeaf: Bool) {
        guard !isHealing else { return }
        let lease = clients[client].timeToLive.nanoseconds
        cutFrom[client] = max(cutFrom[client], real + Int64.random(in: lease / 2...lease * 3 / 2, using: &faults))
        if isDeaf { cutTo[client] = max(cutTo[client], cutFrom[client]) }
        say("nothing of client \(client) arrives for a while")
    }

    /// SIGSTOP, for up to ten leases.
    private mutating func pause(_ client: Int) {
        guard clients[client].pausedUntil <= real else { return }
        let lease = clients[client].timeToLive.nanoseconds
        let longest = Int.random(in: 0..<10, using: &faults) == 0 ? 10 * lease : 2 * lease
        let until = real + Int64.random(in: 0...longest, using: &faults)
        clients[client].pausedUntil = until
        queue.plan(.resume(client), at: until)
        say("client \(client) stands still until \(Account.seconds(until))")
    }

    /// A cut in one direction, or in both.
    private mutating func cut(_ client: Int) {
        let until = real + Int64.random(in: 0...(2 * clients[client].timeToLive.nanoseconds), using: &faults)
        let way = Int.random(in: 0..<3, using: &faults)
        if way != 0 { cutFrom[client] = max(until, cutFrom[client]) }
        if way != 1 { cutTo[client] = max(until, cutTo[client]) }
        say("client \(client) is cut off until \(Account.seconds(until))")
    }

    private mutating func kill(_ client: Int) {
        guard clients[client].pausedUntil <= real else { return }
        clients[client].restart(at: clients[client].clock.reading(at: real))
        planWake(client)
        say("client \(client) dies, and another process takes its place")
    }

    private mutating func stepWallClock(_ client: Int) {
        guard clients[client].pausedUntil <= real else { return }
        let step = TimeSpan.milliseconds(Int64.random(in: -3_600_000...3_600_000, using: &faults))
        clients[client].wallClockMoved(by: step, at: clients[client].clock.reading(at: real))
        planWake(client)
        say("the wall clock of client \(client) is set by \(Account.seconds(step))")
    }

    /// An operator takes a lock from its holders.
    mutating func force(_ name: LockName) {
        guard !isHealing, service.isLed, service.leader?.pausedUntil ?? .max <= real else { return }
        let now = Int.random(in: 0..<4, using: &faults) == 0
        // Slowly at times: whoever renews meanwhile is not to be told half of it.
        let delay = chance(50) ? Int64.random(in: 0...1_500_000_000, using: &faults) : 1_000_000
        append(.forceRelease(.init(name: name, reason: "operator", now: now)), origin: nil, commitsAfter: delay)
        if chance(80), let holder = service.judge.live[name]?.last.flatMap({ service.clientOf[$0.session] }) {
            queue.plan(.silence(client: holder, isDeaf: true), at: real + delay)
        }
        service.revocationAppended()
        drive { keeper, _, _ in keeper.revocationAppended() }
        say("an operator releases \(name) by force")
    }

    // MARK: Leaders

    /// The leader stands still, for less than it takes to be replaced.
    private mutating func stall() {
        guard let leader = service.leader, leader.pausedUntil <= real else { return }
        let until = real + Int64.random(in: 0...2_000_000_000, using: &faults)
        service.leader?.pausedUntil = until
        queue.plan(.leaderResumes(term: leader.term), at: until)
        say("the leader stands still until \(Account.seconds(until))")
    }

    mutating func leaderResumes(_ term: Int) -> String? {
        guard let leader = service.leader, leader.term == term, leader.pausedUntil <= real else { return nil }
        say("the leader goes on")
        // Heartbeats may lie unread: nobody expires before they were read.
        drive { keeper, now, _ in keeper.paused(at: now) }
        let mail = service.leader?.inbox ?? []
        service.leader?.inbox = []
        for request in mail {
            if let problem = receive(request, toDeposed: false) { return problem }
        }
        drive { $0.timeAdvanced(to: $1, effects: &$2) }
        planTable()
        return nil
    }

    /// The leader is cut off from the voters; some clients still talk to it.
    mutating func isolate() {
        guard var leader = service.leader, leader.pausedUntil <= real, service.deposed == nil else { return }
        leader.isolatedAt = real
        service.deposed = leader
        strayed = faults.next()
        loseLeader()
        // It may lead on for long in its own eyes.
        queue.plan(.deposedLearns, at: real + Int64.random(in: 0...20_000_000_000, using: &faults))
        say("the leader is cut off")
    }

    mutating func deposedLearns() {
        say("the deposed leader learns of it")
        drive(ofDeposed: true) { keeper, _, effects in keeper.deposed(effects: &effects) }
        (service.deposed, strayed) = (nil, 0)
    }

    /// The leader dies, sometimes with all its voters, which then start again from disk.
    mutating func crash() -> String? {
        guard service.leader != nil else { return nil }
        loseLeader()
        say("the leader dies")
        guard Int.random(in: 0..<3, using: &faults) == 0 else { return nil }
        counts.restarts += 1
        say("all nodes die and start again")
        return service.restart()
    }

    /// What was not committed may be lost, from any entry on; nobody is left to answer for the rest.
    private mutating func loseLeader() {
        service.leader = nil
        service.log = Array(service.log.prefix(Int.random(in: 0...service.log.count, using: &faults)))
        for place in service.log.indices { (service.log[place].origin, service.log[place].commitAt) = (nil, .max) }
        queue.plan(.election, at: real + Int64.random(in: 150_000_000...3_000_000_000, using: &faults))
    }

    mutating func elect() {
        guard service.leader == nil else { return }
        service.term += 1
        counts.elections += 1
        let term = service.term
        say("a leader is elected for term \(term)")
        var leader = SessionService.Leader(term: service.term, clock: profile.clock(ofLeader: true, &faults))
        leader.keeper.plant(options.bug?.ofKeeper)
        service.leader = leader
        // What survived is committed with the barrier, not before.
        let earliest = real + Int64.random(in: 0...500_000_000, using: &faults)
        for place in service.log.indices {
            service.log[place].commitAt = earliest
            queue.plan(.commit, at: earliest)
        }
        append(nil, origin: nil)
    }

    mutating func barrierApplied(_ term: Int) {
        guard let leader = service.leader, leader.term == term else { return }
        say("the barrier of term \(term) is applied")
        let sessions = service.table.sessions
        service.leader?.barrier = (leader.clock.reading(at: real), service.table.logTime)
        drive { keeper, now, _ in keeper.barrierApplied(sessions, at: now) }
        planTable()
    }

    // MARK: The end

    /// No more faults: links carry, everyone runs, there is a leader.
    mutating func heal() {
        isHealing = true
        profile.heal()
        if service.deposed != nil { deposedLearns() }
        for index in clients.indices {
            (cutFrom[index], cutTo[index]) = (0, 0)
            clients[index].isWindingDown = true
            if clients[index].pausedUntil > real {
                clients[index].pausedUntil = real
                queue.plan(.resume(index), at: real)
            }
            planWake(index)
        }
        if let leader = service.leader, leader.pausedUntil > real {
            service.leader?.pausedUntil = real
            queue.plan(.leaderResumes(term: leader.term), at: real)
        }
    }
}
