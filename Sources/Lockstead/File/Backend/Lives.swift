internal import LockCore

/// What this process keeps alive, and whom it must tell.
struct Lives: Sendable {
    /// One request of ours that holds or waits.
    struct Life: Sendable {
        var lifeline: Lifeline
        /// Raised where a request waits.
        var signal: WakeSignal?
        /// Kept while it holds: revocation and removed files are told at once.
        var watches: [FileNotifier.Watch] = []
        var isTold = false
    }

    var byRequest: [RequestID: Life] = [:]
    var notices: AsyncStream<BackendNotice>.Continuation?
    /// Readers of `changes`.
    var readers: [UInt64: WakeSignal] = [:]
    var nextReader: UInt64 = 0
    private(set) var isOver = false

    mutating func end() -> ([WakeSignal], AsyncStream<BackendNotice>.Continuation?, [WakeSignal]) {
        isOver = true
        return (byRequest.values.compactMap(\.signal), notices.take(), Array(readers.values))
    }
}
