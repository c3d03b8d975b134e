import DequeModule
import Jute
import Lockstead

/// One session of ZooKeeper: what it asked, what came, and what that proves.
///
/// Lives on, whichever server it is connected to, until a server says that it is over.
struct SessionMachine: Sendable {
    /// What the servers know it by.
    struct Identity: Sendable, Equatable {
        let id: Int64
        let password: [UInt8]
    }

    enum Phase: Sendable, Equatable {
        /// No server has answered yet, or none does at present. Can transition to: `connected`, `over`.
        case apart
        /// Can transition to: `apart`, `over`.
        case connected
        /// The servers gave it up, or we did. Final.
        case over
    }

    /// What came out.
    enum Effect: Sendable {
        case answer(ZKCall, ZKCall.Answer)
        case event(ZKEvent)
        /// The servers do not take who we are.
        case refused(ZooKeeperError)
        /// What came cannot be read; the connection is of no more use.
        case unreadable
    }

    private struct Flight: Sendable {
        let xid: Int32
        let call: ZKCall
        let proof: ProofOfLife
    }

    /// How long the servers keep it without a sign of life, as was agreed.
    private(set) var timeout: Duration
    /// How late the leader hears of a sign of life.
    let lag: Duration
    private(set) var phase = Phase.apart
    private(set) var identity: Identity?
    /// The newest transaction that was seen.
    private(set) var seen: Int64 = 0
    /// The newest proof that it lives.
    private(set) var proof: ProofOfLife?
    private(set) var lastHeard: ContinuousTime
    private(set) var lastSent: ContinuousTime
    private var lastXid: Int32 = 0
    private var inFlight: Deque<Flight> = []
    private var unsent: Deque<ZKCall> = []
    private var log: SendLog
    /// When those pings were sent that were not answered yet.
    private var pings: Deque<ContinuousTime> = []
    /// When whoever waits had the session proved alive last.
    private var lastAskedProof: ContinuousTime

    /// So many calls wait for a connection at most.
    private static let mostUnsent = 100_000

    init(timeout: Duration, lag: Duration, at now: ContinuousTime) {
        (self.timeout, self.lag, lastHeard, lastSent) = (timeout, lag, now, now)
        log = SendLog(lag: lag, begun: now)
        lastAskedProof = now
    }

    // MARK: The connection

    /// A server took the session, or gave a new one; what waits is to be written.
    mutating func connected(
        _ identity: Identity, timeout: Duration, asked: ContinuousTime, at now: ContinuousTime
    ) -> [[UInt8]] {
        guard phase == .apart else { return [] }
        self.timeout = timeout
        (phase, lastHeard, lastSent) = (.connected, now, now)
        log = SendLog(lag: lag, begun: asked)
        pings = []
        // A session is made by a majority. That it goes on one server says alone, which a deposed leader would, too.
        if self.identity == nil { proof = ProofOfLife(sent: asked, touched: asked) }
        self.identity = identity
        defer { unsent = [] }
        return unsent.compactMap { write($0, at: now) }
    }

    /// The connection is lost: whoever awaits an answer is not to get one.
    mutating func disconnected() -> [ZKCall] {
        guard phase == .connected else { return [] }
        phase = .apart
        defer { inFlight = [] }
        return inFlight.map(\.call)
    }

    /// The session is over: nothing of it comes back.
    mutating func ended() -> [ZKCall] {
        phase = .over
        defer { (inFlight, unsent) = ([], []) }
        return inFlight.map(\.call) + unsent
    }

    /// Takes out what waits for a connection.
    mutating func takeUnsent() -> [ZKCall] {
        defer { unsent = [] }
        return Array(unsent)
    }

    // MARK: When to do what

    struct Duties: Sendable, Equatable {
        /// When something is to be sent, so that the leader hears of us in time.
        let heartbeat: ContinuousTime
        /// When a server that was silent is given up for another one, while there is still time for that.
        let silence: ContinuousTime
        /// When whoever waits wants the session proved alive.
        let proof: ContinuousTime
    }

    var duties: Duties {
        Duties(
            heartbeat: lastSent.advanced(by: max(timeout / 10, .milliseconds(10))),
            silence: lastHeard.advanced(by: timeout * 2 / 5),
            proof: max(lastAskedProof, proof?.sent ?? lastAskedProof).advanced(by: timeout / 4))
    }

    /// Whether no server was heard for a whole timeout: by then they may have given the session up.
    func isSilent(at now: ContinuousTime) -> Bool { lastHeard.advanced(by: timeout) <= now }

    // MARK: Requests

    enum Submission: Sendable, Equatable {
        case write([UInt8])
        case waits
        case over
        case tooMany
    }

    /// Takes a call: to be written now, or once there is a connection.
    mutating func submit(_ call: ZKCall, at now: ContinuousTime) -> Submission {
        switch phase {
        case .over: return .over
        case .connected: return write(call, at: now).map { .write($0) } ?? .waits
        case .apart:
            unsent.removeAll { $0.deadline <= now }
            guard unsent.count < Self.mostUnsent else { return .tooMany }
            unsent.append(call)
            return .waits
        }
    }

    private mutating func write(_ call: ZKCall, at now: ContinuousTime) -> [UInt8]? {
        guard call.begin() else { return nil }
        // Those below nothing are the protocol's own.
        lastXid = lastXid == .max ? 1 : lastXid + 1
        inFlight.append(
            Flight(xid: lastXid, call: call, proof: ProofOfLife(sent: now, touched: log.touched(before: now))))
        lastSent = now
        return call.operation.frame(xid: lastXid)
    }

    /// A ping was written.
    mutating func pinged(at now: ContinuousTime) {
        pings.append(now)
        lastSent = now
    }

    /// A proof is about to be asked for.
    mutating func asksProof(at now: ContinuousTime) { lastAskedProof = now }

    // MARK: Answers

    mutating func received(_ frame: [UInt8], at now: ContinuousTime) -> Effect? {
        lastHeard = now
        do throws(JuteError) {
            switch try ZKMessage(frame[...]) {
            case .event(let event): return .event(event)
            case .reply(let xid, let transaction, let error, let body):
                seen = max(seen, transaction)
                if xid == ZKSpecialFrame.authenticationXid, error != .fine {
                    return .refused(ZooKeeperError(error, of: ""))
                }
                if xid == ZKSpecialFrame.pingXid, let sent = pings.popFirst() { log.heard(sent: sent, at: now) }
                // Pings, log-ins and watches set anew have numbers of their own.
                guard xid >= 0 else { return nil }
                return try answer(xid, transaction, error, body, at: now)
            }
        } catch { return .unreadable }
    }

    private mutating func answer(
        _ xid: Int32, _ transaction: Int64, _ error: ZKErrorCode, _ body: ArraySlice<UInt8>, at now: ContinuousTime
    ) throws(JuteError) -> Effect {
        guard let flight = inFlight.first, flight.xid == xid else { return .unreadable }
        let operation = flight.call.operation
        var reader = JuteReader(body)
        // One that cannot be read leaves its call among those under way: it fails with the connection.
        let result = try error == .fine ? ZKResult(of: operation, &reader) : nil
        inFlight.removeFirst()
        log.heard(sent: flight.proof.sent, at: now)
        guard let result else {
            return .answer(flight.call, .failure(ZooKeeperError(error, of: operation.path)))
        }
        if let refusal = result.refusalOfSession {
            return .answer(flight.call, .failure(ZooKeeperError(refusal, of: operation.path)))
        }
        if operation.isCommitted { proof = later(flight.proof) }
        return .answer(flight.call, .success(ZKAnswered(result: result, transaction: transaction, proof: flight.proof)))
    }

    private func later(_ other: ProofOfLife) -> ProofOfLife {
        guard let proof, (proof.touched, proof.sent) > (other.touched, other.sent) else { return other }
        return proof
    }
}

extension ZKOperation {
    /// The node it is about, for messages.
    var path: String {
        switch self {
        case .create(let path, _, _, _), .delete(let path, _), .exists(let path, _), .getData(let path, _),
            .setData(let path, _, _), .getChildren(let path, _), .check(let path, _), .sync(let path),
            .addRecursiveWatch(let path), .removeWatches(let path):
            path
        case .multi(let parts): parts.first?.path ?? ""
        case .closeSession: ""
        }
    }

    /// Whether a majority commits it, so that its answer proves something (RULES 32).
    fileprivate var isCommitted: Bool {
        switch self {
        case .create, .delete, .setData, .multi: true
        // A server that was deposed answers these too.
        case .exists, .getData, .getChildren, .check, .sync, .addRecursiveWatch, .removeWatches, .closeSession: false
        }
    }
}

extension ZKResult {
    /// Why the session itself is not served: transactions say so part by part.
    fileprivate var refusalOfSession: ZKErrorCode? {
        guard case .parts(let parts) = self else { return nil }
        return [.sessionExpired, .sessionMoved].first { parts.contains(.failed($0)) }
    }
}
