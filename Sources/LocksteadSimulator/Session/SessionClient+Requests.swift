import LockCore
import SeededRandom

/// What a client asks for, and asks again.
extension SessionClient {
    static let names = ["a", "b", "c"].compactMap { try? LockName($0) }  // literals that are names
    static let semaphores = ["s"].compactMap { try? LockName($0) }  // a literal that is a name
    /// Requests are sent until they are answered or their session is over: giving up is the caller's affair.
    private static let patience = RetryPolicy(
        backoff: .exponential(base: .milliseconds(50), cap: .seconds(1)), maximumAttempts: .max,
        maximumElapsed: .seconds(1_000_000))
    private static let answerTime = TimeSpan.milliseconds(100)
    /// A waiting request looks again after so long, whatever notice was lost (RULES 20).
    static let lookAgain = TimeSpan.seconds(1)

    @discardableResult
    mutating func ask(
        _ body: SessionRequest.Body, at now: ContinuousTime, cancelAt: ContinuousTime? = nil
    ) -> UInt64 {
        let number = freshNumber()
        asked.append(
            Asked(
                number: number, body: body, retry: RetryMachine(policy: Self.patience, startedAt: now), due: now,
                cancelAt: cancelAt))
        return number
    }

    /// The next sequence, and up to where all answers are in (RULES 16).
    mutating func freshSequence() -> Dedup {
        sequences += 1
        let open = asked.compactMap { $0.body.dedup?.sequence }.min() ?? sequences
        return Dedup(sequence: sequences, doneThrough: open - 1)
    }

    mutating func tendRequests(at now: ContinuousTime) {
        for place in asked.indices {
            if let cancelAt = asked[place].cancelAt, now >= cancelAt {
                (asked[place].cancelAt, asked[place].isWithdrawn) = (nil, true)
            }
        }
        withdraw(at: now)
        for place in asked.indices where now >= asked[place].due { transmit(place, at: now) }
    }

    private mutating func transmit(_ place: Int, at now: ContinuousTime) {
        if asked[place].first != nil {
            counts.retries += 1
            if bug == .retryIsNewRequest { renumber(place) }
        }
        asked[place].first = asked[place].first ?? now
        // Whoever looks again wants to know what is true now.
        if asked[place].isAnswered { asked[place].number = freshNumber() }
        send(asked[place].number, asked[place].body, at: now)
        if asked[place].isAnswered {
            asked[place].due = now + Self.lookAgain
        } else if case .retry(let time) = asked[place].retry.attemptFailed(at: now, draw: draw.next()) {
            asked[place].due = time + Self.answerTime
        } else {
            asked[place].due = now + Self.lookAgain
        }
    }

    private mutating func renumber(_ place: Int) {
        guard case .acquire(var acquire, let wait) = asked[place].body, !asked[place].isAnswered else { return }
        acquire.request = RequestID.random(using: &draw)
        acquire.dedup = freshSequence()
        (asked[place].number, asked[place].body) = (freshNumber(), .acquire(acquire, waitingAtMost: wait))
    }

    /// A request is withdrawn only once it was answered: a copy still on its way would be carried out after the withdrawal.
    mutating func withdraw(at now: ContinuousTime) {
        for request in asked where request.isWithdrawn {
            guard request.isAnswered || bug == .cancelOvertakesRequest, case .acquire(let acquire, _) = request.body
            else { continue }
            asked.removeAll { $0.number == request.number }
            ask(.command(.cancel(acquire.session, acquire.request)), at: now)
        }
    }

    // MARK: What it is up to

    mutating func act(at now: ContinuousTime) {
        nextAct = now + span(0...500)
        let pending = asked.count { if case .acquire = $0.body { true } else { false } }
        switch Int.random(in: 0..<100, using: &draw) {
        case 0..<85: if handles.count + pending < 3 { acquire(at: now) }
        case 85..<91: releaseAgain(at: now)
        case 91..<95: validate(at: now)
        case 95..<98: if let session { ask(.command(.renew(session, freshSequence())), at: now) }
        default: if chance(50) { close(at: now) }
        }
    }

    private mutating func acquire(at now: ContinuousTime) {
        guard let session else { return }
        let mode = mode()
        var command = Command.Acquire(
            session: session, request: RequestID.random(using: &draw), owner: OwnerID.random(using: &draw),
            names: names(for: mode), mode: mode)
        command.fairness = chance(20) ? .barging : .fair
        if chance(20) { command.lockDelay = span(0...1_500) }
        if chance(10) { command.minimumHold = span(0...500) }
        command.dedup = freshSequence()
        let wait: TimeSpan? = chance(20) ? nil : chance(75) ? span(0...6_000) : .forever
        ask(
            .acquire(command, waitingAtMost: wait), at: now,
            cancelAt: chance(20) ? now + span(0...(chance(50) ? 60 : 1_500)) : nil)
    }

    private mutating func mode() -> LockMode {
        switch Int.random(in: 0..<10, using: &draw) {
        case 0..<7: .exclusive
        case 7..<9: .shared
        default: .permits(count: Int.random(in: 1...2, using: &draw), limit: 3)
        }
    }

    private mutating func names(for mode: LockMode) -> [LockName] {
        if case .permits = mode { return Self.semaphores }
        // The first name is the contended one.
        if chance(50) { return [Self.names[0]] }
        return Array(Self.names.shuffled(using: &draw).prefix(chance(70) ? 1 : 2)).sorted()
    }

    /// What was given back long ago is given back once more (S7).
    private mutating func releaseAgain(at now: ContinuousTime) {
        guard let session, let old = formerGrants.randomElement(using: &draw) else { return }
        ask(
            .command(.release(.init(session: session, names: old.names, token: old.token, dedup: freshSequence()))),
            at: now)
    }

    private mutating func validate(at now: ContinuousTime) {
        guard let grant = (handles.map(\.grant) + formerGrants).randomElement(using: &draw),
            let name = grant.names.first
        else { return }
        ask(.command(.validate(name, grant.token)), at: now)
    }

    /// Nothing is believed any more before the closing is sent, and no grant is taken after.
    private mutating func close(at now: ContinuousTime) {
        guard let session else { return }
        isClosing = true
        asked.removeAll { $0.body.request != nil }
        if bug != .closedWhileHeld {
            for place in handles.indices { handles[place].releaseBegan(at: now) }
        }
        ask(.command(.closeSession(session)), at: now)
    }

    /// What a holder does under a grant.
    mutating func work(under grant: GrantRecord) -> [SessionHandle.Work] {
        var work: [SessionHandle.Work] = chance(60) ? [.read, .write] : []
        if grant.mode != .exclusive { work = chance(50) ? [.read] : [] }
        // Some hold for longer than a lease, so that belief has an end that is worth looking at.
        let idle = Int.random(in: 0...(isWindingDown ? 0 : chance(dwells) ? 30 : 2), using: &draw)
        let pause = Array(repeating: SessionHandle.Work.nothing, count: idle)
        // What is written late rests on what was read long ago.
        return chance(50) ? work + pause : work.prefix(1) + pause + work.dropFirst()
    }
}

extension SessionRequest.Body {
    /// What makes it apply once.
    var dedup: Dedup? {
        switch self {
        case .acquire(let acquire, _): acquire.dedup
        case .command(.release(let release)): release.dedup
        case .command(.renew(_, let dedup)): dedup
        default: nil
        }
    }
}
