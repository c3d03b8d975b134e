import NIOCore
import Synchronization

/// A connection being made, which may be given up meanwhile.
final class ConnectAttempt: Sendable {
    private struct State {
        var channel: (any Channel)?
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// Takes note of the channel.
    ///
    /// A host may have several addresses, and so several channels one after the other.
    func began(_ channel: any Channel) throws(CancellationError) {
        let isCancelled = state.withLock { state in
            state.channel = channel
            return state.isCancelled
        }
        if isCancelled { throw CancellationError() }
    }

    func cancel() {
        let channel = state.withLock { state in
            state.isCancelled = true
            return state.channel
        }
        channel?.close(promise: nil)
    }
}
