import Lockstead
import Synchronization

/// The sessions of one client: one for each lease duration, at most four at once (RULES 15).
final class SessionBook: Sendable {
    /// RULES 15.
    static let most = 4

    private let make: @Sendable (Duration, _ takesAnyTimeout: Bool) -> ZooKeeperSession
    private struct State {
        var sessions: [Duration: ZooKeeperSession] = [:]
        var reader: ZooKeeperSession?
    }

    private let state = Mutex(State())
    private let time: any TimeSource
    /// New sessions, which somebody has to keep.
    let openings: AsyncStream<ZooKeeperSession>
    private let sink: AsyncStream<ZooKeeperSession>.Continuation

    init(time: any TimeSource, make: @escaping @Sendable (Duration, _ takesAnyTimeout: Bool) -> ZooKeeperSession) {
        (self.time, self.make) = (time, make)
        (openings, sink) = AsyncStream.makeStream(of: ZooKeeperSession.self)
    }

    /// A session with that timeout, with one more user, whom the caller has leave it; it may have yet to be opened.
    func enter(for lease: Duration) throws(LockError) -> ZooKeeperSession {
        let span = Self.rounded(lease)
        let now = time.now
        let (session, isNew) = try state.withLock { state throws(LockError) in
            if let session = state.sessions[span], session.isUsable(at: now) {
                session.enter()
                return (session, false)
            }
            try makeRoom(for: span, in: &state.sessions)
            let session = make(span, false)
            session.enter()
            state.sessions[span] = session
            return (session, true)
        }
        if isNew { sink.yield(session) }
        return session
    }

    /// ZooKeeper counts in milliseconds; what is between is kept a little longer.
    private static func rounded(_ lease: Duration) -> Duration {
        let whole = Int64(lease / .milliseconds(1))
        return .milliseconds(Duration.milliseconds(whole) < lease ? whole + 1 : whole)
    }

    /// Where need be by giving up one that nobody uses.
    private func makeRoom(for span: Duration, in sessions: inout [Duration: ZooKeeperSession]) throws(LockError) {
        guard sessions[span] == nil, sessions.count >= Self.most else { return }
        guard let idle = sessions.first(where: { $0.value.isIdle }) else { throw LockError(Refusal.tooManySessions) }
        idle.value.close()
        sessions[idle.key] = nil
    }

    /// Asked for by sessions that hold nothing; the servers give what they have.
    private static let readersTimeout = Duration.seconds(10)

    /// Any session at all, for what needs no lease of its own; with one more user.
    ///
    /// - Parameter alone: Whether nothing may be held by it.
    /// - Returns: The session, which may have yet to be opened.
    func any(alone: Bool) -> ZooKeeperSession {
        let now = time.now
        let (session, isNew) = state.withLock { state in
            let held = alone ? nil : state.sessions.values.first { $0.wasEverConnected && $0.isUsable(at: now) }
            let present = state.reader.flatMap { $0.isUsable(at: now) ? $0 : nil } ?? held
            if let present, present.isUsable(at: now) {
                present.enter()
                return (present, false)
            }
            let session = make(Self.readersTimeout, true)
            session.enter()
            state.reader = session
            return (session, true)
        }
        if isNew { sink.yield(session) }
        return session
    }

    /// A session that shows which timeout the servers give for one; with one more user.
    func examiner(asking timeout: Duration) -> ZooKeeperSession {
        let session = make(timeout, true)
        session.enter()
        sink.yield(session)
        return session
    }
}
