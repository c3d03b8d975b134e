import Lockstead

/// Notices that a connection is only half there: what we send is lost, and nothing says so.
struct LivenessMachine: Sendable, Equatable {
    enum Verdict: Sendable, Equatable {
        case fine
        /// Send a PING.
        case ask
        /// Give the connection up.
        case dead
    }

    private let quiet: TimeSpan
    private let silence: TimeSpan
    private var lastRead: ContinuousTime
    private var lastTick: ContinuousTime
    /// Since when an answer has been owed without a byte being read; `nil` where none is owed.
    private var owedSince: ContinuousTime?

    init(quiet: TimeSpan, silence: TimeSpan, at now: ContinuousTime) {
        (self.quiet, self.silence) = (quiet, silence)
        (lastRead, lastTick) = (now, now)
    }

    /// How often to call ``tick(at:)``.
    var tickInterval: TimeSpan { max(.milliseconds(1), min(quiet, silence) / 4) }

    mutating func wrote(at now: ContinuousTime) { owedSince = owedSince ?? now }

    mutating func read(at now: ContinuousTime, stillOwed: Bool) {
        lastRead = now
        owedSince = stillOwed ? now : nil
    }

    mutating func tick(at now: ContinuousTime) -> Verdict {
        let wasPaused = now - lastTick > max(silence / 2, tickInterval * 2)
        lastTick = now
        guard let since = owedSince else { return now - lastRead >= quiet ? .ask : .fine }
        // After a pause of ours the answer may lie in the socket, unread.
        if wasPaused { owedSince = now }
        return !wasPaused && now - since >= silence ? .dead : .fine
    }
}
