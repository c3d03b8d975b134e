import LockCore

/// One backend as its store sees it.
struct InProcessClient: Sendable {
    typealias ID = UInt64

    /// Whether its `run()` sleeps for the table's timers.
    var drives = false
    let bell = WakeSignal()
    /// There is none until somebody reads.
    var notices: AsyncStream<BackendNotice>.Continuation?
    /// The sessions that were opened, to be closed at the end.
    var sessions: [SessionID] = []

    /// The lease decides the session, because a forced release waits for as long as the holder's session may live (RULES 19).
    ///
    /// Leases are rounded up to tenths of a second, which bounds the sessions of one client.
    static func session(of client: ID, lease: Duration) -> SessionID {
        let tenths = (TimeSpan(lease) + TimeSpan(nanoseconds: 99_999_999)).nanoseconds / 100_000_000
        return SessionID(high: client, low: tenths > 0 ? UInt64(tenths) : 0)
    }

    /// The time to live of such a session.
    static func timeToLive(of session: SessionID) -> TimeSpan { .milliseconds(100) * Int64(clamping: session.low) }
}
