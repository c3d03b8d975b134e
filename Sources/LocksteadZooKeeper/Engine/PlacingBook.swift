import Lockstead
import Synchronization

/// Which requests are being put into their queues: a second call of one waits for the first, or both would make a node.
final class PlacingBook: Sendable {
    private let waiting = Mutex<[RequestID: [WakeSignal]]>([:])

    /// Waits for one's turn, at most until the deadline; a cancellation ends the wait, too.
    ///
    /// - Returns: Whether the turn has come; then it is to be ended.
    func begin(_ request: RequestID, until deadline: ContinuousTime, on time: any TimeSource) async -> Bool {
        let signal = WakeSignal()
        while !Task.isCancelled, time.now < deadline {
            let isMine = waiting.withLock { waiting in
                guard waiting[request] != nil else {
                    waiting[request] = []
                    return true
                }
                waiting[request]?.append(signal)
                return false
            }
            if isMine { return true }
            // The loop looks at what ended it.
            _ = try? await signal.sleep(until: deadline, on: time)
        }
        return false
    }

    func end(_ request: RequestID) {
        for signal in waiting.withLock({ $0.removeValue(forKey: request) }) ?? [] { signal.ring() }
    }
}
