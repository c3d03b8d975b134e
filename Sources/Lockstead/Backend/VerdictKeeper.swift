package import LockCore
import Synchronization

/// What was found about the server, until the connection is made anew: another server may be behind it then.
package final class VerdictKeeper: Sendable {
    package enum Verdict: Sendable {
        case open
        case fit
        /// Until then; a server may be made fit while the connection stays.
        case unfit(LockError, until: ContinuousTime)
    }

    package init() {}

    private let state = Mutex((verdict: Verdict.open, generation: 0))
    package var verdict: Verdict { state.withLock(\.verdict) }
    /// Changes whenever another server may be behind the connection.
    package var generation: Int { state.withLock(\.generation) }

    /// Keeps what was found of the servers of a generation, unless that is over.
    package func keep(_ verdict: Verdict, of generation: Int) {
        state.withLock { if $0.generation == generation { $0.verdict = verdict } }
    }

    package func forget() { state.withLock { $0 = (.open, $0.generation + 1) } }
}
