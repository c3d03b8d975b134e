import NIOCore
import Synchronization

/// A connection being made, which may be given up meanwhile.
///
/// A host may have several addresses, and so several channels that are tried side by side.
final class ConnectAttempt<Session: ChannelSession>: Sendable {
    struct Candidate: Sendable {
        let channel: any Channel
        let session: NIOLoopBound<Session>
        /// Completed when the log-in is, or the channel ended.
        let greeted: EventLoopFuture<RedisGreeting>
    }

    private struct State {
        var candidates: [Candidate] = []
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// Takes note of a channel.
    func began(_ candidate: Candidate) throws(CancellationError) {
        let isCancelled = state.withLock { state in
            state.candidates.append(candidate)
            return state.isCancelled
        }
        if isCancelled { throw CancellationError() }
    }

    func candidate(of channel: any Channel) -> Candidate? {
        state.withLock { $0.candidates.first { $0.channel === channel } }
    }

    func cancel() {
        let candidates = state.withLock { state in
            state.isCancelled = true
            return state.candidates
        }
        for candidate in candidates { candidate.channel.close(promise: nil) }
    }
}
