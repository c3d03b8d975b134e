import LockCore
import SeededRandom

/// A client process: one session, what it asked for, and what it believes to hold, by its own clock.
struct SessionClient {
    /// A heartbeat under way.
    struct Beat {
        var number: UInt64
        var first: ContinuousTime
        var last: ContinuousTime
    }

    /// A request under way.
    struct Asked {
        var number: UInt64
        var body: SessionRequest.Body
        var retry: RetryMachine
        /// When it is sent, or sent again.
        var due: ContinuousTime
        var isAnswered = false
        /// When the caller loses patience and withdraws it.
        var cancelAt: ContinuousTime?
        var isWithdrawn = false
        var first: ContinuousTime?
    }

    let index: Int
    let clock: DriftingClock
    let bug: SessionBug?
    /// Counts the processes: what was meant for an earlier one is not read.
    var life: UInt64 = 0
    var session: SessionID?
    var isOpen = false
    /// Its closing is under way: nothing more is asked for in it.
    var isClosing = false
    var timeToLive = TimeSpan.seconds(5)
    var openSent: ContinuousTime?
    /// When the heartbeat was sent, or the opening, that proved the session alive last.
    var armedAt = ContinuousTime(nanoseconds: 0)
    var beat: Beat?
    var nextBeat = ContinuousTime(nanoseconds: 0)
    var asked: [Asked] = []
    var handles: [SessionHandle] = []
    var nextAct = ContinuousTime(nanoseconds: 0)
    var numbers: UInt64 = 0
    /// When the latest messages were sent first.
    var sent: [(number: UInt64, at: ContinuousTime)] = []
    /// Sequences start anew with each session.
    var sequences: UInt64 = 0
    var pausedUntil: Int64 = 0
    var inbox: [SessionReply] = []
    var plannedWake: Int64 = .max
    /// While everything comes to rest nothing new is asked for.
    var isWindingDown = false
    /// How many of its grants in a hundred it keeps for longer than a lease.
    let dwells: Int
    var formerGrants: [GrantRecord] = []
    var draw: SeededGenerator
    var outbox: [Outgoing] = []
    var counts = Counts()

    enum Outgoing {
        case service(SessionRequest)
        case resource(GuardedOperation)
    }

    /// What shows that something happened at all.
    struct Counts: Hashable {
        var grants = 0
        var renewals = 0
        var losses = 0
        var retries = 0
    }

    init(index: Int, clock: DriftingClock, dwells: Int, bug: SessionBug?, draw: SeededGenerator) {
        (self.index, self.clock, self.dwells, self.bug, self.draw) = (index, clock, dwells, bug, draw)
        timeToLive = [TimeSpan.seconds(2), .seconds(5), .seconds(10)].randomElement(using: &self.draw) ?? .seconds(5)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &draw) < percent }

    mutating func span(_ milliseconds: ClosedRange<Int64>) -> TimeSpan {
        .milliseconds(Int64.random(in: milliseconds, using: &draw))
    }

    mutating func freshNumber() -> UInt64 {
        numbers += 1
        return life << 32 | numbers
    }

    /// The next moment, by its clock, at which it has something to do.
    var nextDue: ContinuousTime {
        var due = mayAct ? nextAct : ContinuousTime.distantFuture
        if isOpen { due = min(due, beat.map { $0.last + retransmission } ?? nextBeat) }
        for request in asked { due = min(due, request.due, request.cancelAt ?? .distantFuture) }
        for handle in handles { due = min(due, handle.nextDue) }
        return due
    }

    /// A heartbeat without an answer is sent again after so long, and given up for a new one a little later.
    var retransmission: TimeSpan { timeToLive / 20 }

    /// Whether it is free to begin something: a session, or a request in one.
    private var mayAct: Bool { !isWindingDown && !isClosing && (isOpen || session == nil) }

    /// Whether it would say that it holds under this token.
    func believes(in token: FencingToken, at real: Int64) -> Bool {
        handles.contains { $0.grant.token == token && $0.believes(at: clock.reading(at: real)) }
    }

    // MARK: Acting

    /// Does what is due.
    mutating func wake(at now: ContinuousTime) {
        tendHandles(at: now)
        tendSession(at: now)
        if mayAct, now >= nextAct {
            if isOpen { act(at: now) } else { open(at: now) }
        }
        tendRequests(at: now)
    }

    private mutating func open(at now: ContinuousTime) {
        let id = SessionID.random(using: &draw)
        (session, isOpen, isClosing, openSent, beat, sequences) = (id, false, false, now, nil, 0)
        ask(.open(id, timeToLive), at: now)
    }

    private mutating func tendSession(at now: ContinuousTime) {
        let isWanted = handles.contains(where: \.wantsRenewal)
        guard isOpen, let session else {
            for place in handles.indices where isWanted { handles[place].renewalSent(at: now) }
            return
        }
        if let beat, !isWanted {
            guard now >= beat.last + retransmission else { return }
            if now < beat.first + retransmission * 2 { return repeatBeat(session, at: now) }
            for place in handles.indices { handles[place].renewalFailed(at: now) }
        }
        if isWanted || beat != nil || now >= nextBeat { beginBeat(session, at: now) }
    }

    private mutating func repeatBeat(_ session: SessionID, at now: ContinuousTime) {
        guard let number = beat?.number else { return }
        beat?.last = now
        counts.retries += 1
        send(number, .heartbeat(session), at: now)
    }

    /// One at a time: what an earlier one is answered is not waited for any more.
    private mutating func beginBeat(_ session: SessionID, at now: ContinuousTime) {
        let number = freshNumber()
        beat = Beat(number: number, first: now, last: now)
        for place in handles.indices { handles[place].renewalSent(at: now) }
        send(number, .heartbeat(session), at: now)
    }

    mutating func send(_ number: UInt64, _ body: SessionRequest.Body, at now: ContinuousTime) {
        guard let session else { return }
        noteSent(number, at: now)
        outbox.append(.service(SessionRequest(client: index, session: session, number: number, body: body)))
    }

    private mutating func noteSent(_ number: UInt64, at now: ContinuousTime) {
        guard !sent.contains(where: { $0.number == number }) else { return }
        if sent.count == Self.rememberedMessages { sent.removeFirst(Self.rememberedMessages / 2) }
        sent.append((number, now))
    }

    /// More than a client sends in one lease.
    private static let rememberedMessages = 64

    /// Grants that were lost or are done with are given back; what is over is forgotten.
    private mutating func tendHandles(at now: ContinuousTime) {
        for place in handles.indices {
            if let operation = handles[place].tend(at: now, &draw) {
                outbox.append(
                    .resource(
                        GuardedOperation(
                            client: index, name: operation.name, token: handles[place].grant.token,
                            kind: operation.kind)))
            }
        }
        for place in handles.indices where handles[place].isToBeReleased(at: now) { release(place, at: now) }
        handles.removeAll { $0.isOver && !$0.isReleasing }
    }

    private mutating func release(_ place: Int, at now: ContinuousTime) {
        let grant = handles[place].grant
        handles[place].releaseBegan(at: now)
        guard grant.session == session, isOpen else { return }
        let sequence = freshSequence()
        handles[place].releasing = ask(
            .command(.release(.init(session: grant.session, names: grant.names, token: grant.token, dedup: sequence))),
            at: now)
        formerGrants.append(grant)
        if formerGrants.count > 8 { formerGrants.removeFirst(4) }
    }

    /// The session is over, by the service's word or our own: nothing of it is believed any more.
    mutating func sessionLost(at now: ContinuousTime) {
        counts.losses += 1
        (session, isOpen, isClosing, beat, asked) = (nil, false, false, nil, [])
        if bug != .sessionAdoptedAfterLoss {
            for place in handles.indices {
                handles[place].lost(.engineLost("session"), at: now)
                handles[place].sessionGone()
            }
            handles.removeAll { !$0.staysAfterLoss }
        }
        nextAct = now + span(0...300)
    }
}
