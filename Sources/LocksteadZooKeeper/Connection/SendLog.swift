import Lockstead

/// When something was sent on one connection, so that a proof of life can say since when the leader keeps the session.
///
/// A follower answers by itself, and tells the leader every half tick who was heard. What reached the follower half a tick before a
/// committed request did, the leader knew when it committed that.
struct SendLog: Sendable, Equatable {
    /// How late the leader may hear of a sign of life.
    let lag: Duration
    /// The first is the connection's own beginning, of which the leader is told at once.
    private var times: [ContinuousTime]
    private let spacing: Duration

    init(lag: Duration, begun: ContinuousTime) {
        (self.lag, times, spacing) = (lag, [begun], max(.milliseconds(1), lag / 16))
    }

    /// Something is sent; moments that lie close together count as their first.
    mutating func sent(at now: ContinuousTime) {
        guard let last = times.last, last.advanced(by: spacing) <= now else { return }
        times.append(now)
    }

    /// The last sending that the leader knows of when it commits what is sent now.
    mutating func touched(before now: ContinuousTime) -> ContinuousTime {
        let known = now.advanced(by: .zero - lag)
        let keep = times.dropFirst().prefix { $0 <= known }.count
        times.removeFirst(keep)
        return min(times[0], now)
    }
}
