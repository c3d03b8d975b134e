internal import LockCore
internal import Synchronization

/// The sessions whose lifelines this engine keeps open itself: it need not look from outside whether they live.
final class OwnSessions: Sendable {
    private let until = Mutex<[SessionID: ContinuousTime]>([:])

    func note(_ session: SessionID, until time: ContinuousTime) { until.withLock { $0[session] = time } }
    func remove(_ session: SessionID) { until.withLock { $0[session] = nil } }

    /// Until when each is armed.
    var armed: [SessionID: ContinuousTime] { until.withLock { $0 } }
}
