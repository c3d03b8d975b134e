import LockCore
import SeededRandom

/// What a client makes of what it is told: late, twice, in any order, or of a session that is over.
extension SessionClient {
    mutating func receive(_ reply: SessionReply, at now: ContinuousTime) {
        guard reply.session == session || mayBeOfEarlier(reply) else { return }
        switch reply.body {
        case .renewed(let revoked):
            renewed(reply.number, at: now)
            for token in revoked { self.revoked(token, at: now) }
        case .lost: sessionLost(at: now)
        case .unknown: beatFailed(reply.number, at: now)
        case .granted(let grant): granted(grant, provedBy: reply.heard, at: now)
        case .waitEnded(let request): asked.removeAll { $0.body.request == request }
        case .revoked(let token): revoked(token, at: now)
        case .answer(let answer): answered(reply, answer, at: now)
        }
    }

    private func mayBeOfEarlier(_ reply: SessionReply) -> Bool {
        if case .granted = reply.body { bug == .lateGrantAccepted } else { false }
    }

    // MARK: Renewals

    private mutating func renewed(_ number: UInt64, at now: ContinuousTime) {
        guard isOpen, let beat, beat.number == number else { return }
        self.beat = nil
        counts.renewals += 1
        arm(at: bug == .leaseFromAnswer ? now : bug == .leaseFromRetry ? beat.last : beat.first, now)
    }

    private mutating func arm(at time: ContinuousTime, _ now: ContinuousTime) {
        armedAt = time
        nextBeat = max(now, time + timeToLive / 3)
        for place in handles.indices { handles[place].renewed(armedAt: time, timeToLive: timeToLive, at: now) }
    }

    private mutating func beatFailed(_ number: UInt64, at now: ContinuousTime) {
        guard beat?.number == number else { return }
        beat = nil
        for place in handles.indices { handles[place].renewalFailed(at: now) }
        nextBeat = now + timeToLive / 30
    }

    private mutating func revoked(_ token: FencingToken, at now: ContinuousTime) {
        for place in handles.indices where handles[place].grant.token == token {
            guard bug == .acknowledgedUnheeded, !handles[place].isReleasing else {
                handles[place].lost(.revoked("operator"), at: now)
                continue
            }
            let grant = handles[place].grant
            handles[place].releasing = ask(
                .command(
                    .release(
                        .init(session: grant.session, names: grant.names, token: token, dedup: freshSequence()))),
                at: now)
        }
    }

    // MARK: Answers

    private mutating func answered(_ reply: SessionReply, _ answer: Answer, at now: ContinuousTime) {
        let number = reply.number
        guard let place = asked.firstIndex(where: { $0.number == number }) else { return }
        let request = asked[place]
        if case .refused(.unknownSession) = answer { return sessionLost(at: now) }
        if bug == .anyAnswerRenews, isOpen, let first = request.first { arm(at: first, now) }
        switch (request.body, answer) {
        case (.acquire, .queued):
            asked[place].isAnswered = true
            asked[place].due = now + Self.lookAgain
            return withdraw(at: now)
        case (.acquire, .granted(let grant)): return granted(grant, provedBy: reply.heard, at: now)
        // One of its names was revoked before it was known of: the others may be held still.
        case (.acquire(let acquire, _), .notHeld):
            ask(.command(.cancel(acquire.session, acquire.request)), at: now)
        case (.open, .session): opened(at: now)
        case (.command(.closeSession), .done): return sessionLost(at: now)
        case (.command(.release), _):
            for place in handles.indices where handles[place].releasing == number {
                handles[place].releaseAnswered(at: now)
            }
        default: break
        }
        asked.removeAll { $0.number == number }
    }

    private mutating func opened(at now: ContinuousTime) {
        guard !isOpen, let openSent else { return }
        isOpen = true
        arm(at: bug == .leaseFromAnswer ? now : openSent, now)
    }

    /// Only what is still asked for becomes a handle: a copy that comes late tells of a grant that is over.
    ///
    /// What it tells was true when the message that the leader had last heard was sent, and may have ended since: renewals that
    /// were answered before do not prove the grant. So it counts from that message at the most.
    private mutating func granted(_ grant: GrantRecord, provedBy heard: UInt64?, at now: ContinuousTime) {
        let place = asked.firstIndex { $0.body.request == grant.request }
        guard place != nil || bug == .lateGrantAccepted else { return }
        var provedAt = sent.last { $0.number == heard }?.at
        if bug == .grantOutlivesItsProof { provedAt = now }
        guard let provedAt else { return askAgain(place, at: now) }
        let isWithdrawn = place.map { asked[$0].isWithdrawn } ?? false
        if let place { asked.remove(at: place) }
        counts.grants += 1
        let work = isWithdrawn ? [] : work(under: grant)
        handles.append(
            SessionHandle(
                grant, armedAt: min(armedAt, provedAt), timeToLive: timeToLive, work: work, heedsStop: chance(50),
                bug: bug, at: now))
    }

    private mutating func askAgain(_ place: Int?, at now: ContinuousTime) {
        guard let place else { return }
        (asked[place].isAnswered, asked[place].due) = (true, now)
    }

    // MARK: Misfortunes

    /// The process stood still until now; what came meanwhile is read before or after the timers, as it happens.
    mutating func resume(after lateness: TimeSpan, at now: ContinuousTime) {
        let readsFirst = chance(50)
        let mail = inbox
        inbox = []
        if readsFirst { for reply in mail { receive(reply, at: now) } }
        for place in handles.indices { handles[place].wokeLate(by: lateness, at: now) }
        wake(at: now)
        if !readsFirst { for reply in mail { receive(reply, at: now) } }
    }

    /// The process is killed, and another takes its place: nothing is remembered.
    mutating func restart(at now: ContinuousTime) {
        life += 1
        numbers = 0
        (session, isOpen, isClosing, openSent, beat) = (nil, false, false, nil, nil)
        (asked, handles, formerGrants, inbox, outbox, sent) = ([], [], [], [], [], [])
        nextAct = now
    }

    mutating func wallClockMoved(by step: TimeSpan, at now: ContinuousTime) {
        for place in handles.indices { handles[place].wallClockMoved(by: step, at: now) }
    }
}

extension SessionRequest.Body {
    /// The request an acquire bears.
    var request: RequestID? { if case .acquire(let acquire, _) = self { acquire.request } else { nil } }
}
