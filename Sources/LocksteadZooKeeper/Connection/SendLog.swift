import Lockstead

/// What reached a server on one connection, and when that was known, so that a proof of life can say since when the leader keeps the session.
///
/// A follower answers by itself, and tells the leader every half tick who was heard. So what it had answered half a tick before a committed
/// request was sent, the leader knew when it committed that. When something was sent says nothing by itself: it may have lain in a socket while
/// the follower was held up.
struct SendLog: Sendable, Equatable {
    private struct Entry: Sendable, Equatable {
        let sent: ContinuousTime
        /// When its answer came.
        let heard: ContinuousTime
    }

    /// How late the leader may hear of a sign of life.
    let lag: Duration
    /// What is known of already: the connection's own beginning at first, of which the leader is told at once.
    private var known: ContinuousTime
    /// Answered later, in the order of their answers.
    private var entries: [Entry] = []
    private let spacing: Duration

    init(lag: Duration, begun: ContinuousTime) {
        (self.lag, known, spacing) = (lag, begun, max(.milliseconds(1), lag / 16))
    }

    /// What was sent at a moment was answered; moments that lie close together count as their first.
    mutating func heard(sent: ContinuousTime, at now: ContinuousTime) {
        if let last = entries.last, last.heard.advanced(by: spacing) > now { return }
        entries.append(Entry(sent: sent, heard: now))
    }

    /// The last sending that the leader knows of when it commits what is sent now.
    mutating func touched(before now: ContinuousTime) -> ContinuousTime {
        let end = now.advanced(by: .zero - lag)
        let count = entries.prefix { $0.heard <= end }.count
        for entry in entries.prefix(count) { known = max(known, entry.sent) }
        entries.removeFirst(count)
        return min(known, now)
    }
}
