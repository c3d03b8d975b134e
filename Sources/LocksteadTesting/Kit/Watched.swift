import Synchronization

/// State whose changes can be awaited: a test waits for a fact, not for a while.
///
/// Safe to use from any task.
public final class Watched<State: Sendable>: Sendable {
    private struct Watcher {
        let ticket: UInt64
        let isMet: @Sendable (State) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct Content {
        var state: State
        var watchers: [Watcher] = []
        var nextTicket: UInt64 = 0
        /// Waits whose task was cancelled before they began.
        var cancelledEarly: Set<UInt64> = []
    }

    private let content: Mutex<Content>

    /// Begins with a state.
    public init(_ state: State) { content = Mutex(Content(state: state)) }

    /// The state as it is now.
    public var value: State { content.withLock { $0.state } }

    /// Changes the state, alone, and wakes those who waited for what it is now.
    ///
    /// - Parameter change: Must neither wait nor call back.
    /// - Returns: What `change` returns.
    @discardableResult
    public func update<R: Sendable>(_ change: @Sendable (inout State) -> R) -> R {
        let (result, met) = content.withLock { content -> (R, [Watcher]) in
            let result = change(&content.state)
            if content.watchers.isEmpty { return (result, []) }
            let state = content.state
            let met = content.watchers.filter { $0.isMet(state) }
            content.watchers.removeAll { $0.isMet(state) }
            return (result, met)
        }
        for watcher in met { watcher.continuation.resume() }
        return result
    }

    /// Returns once the state is so, or the task is cancelled; at once where it is so already.
    ///
    /// There is no limit of time: the test's own ends a wait in vain.
    ///
    /// - Parameter isMet: Asked at every change, under a lock: must neither wait nor call back.
    public func until(_ isMet: @escaping @Sendable (State) -> Bool) async {
        let ticket = content.withLock { content in
            content.nextTicket += 1
            return content.nextTicket
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                begin(Watcher(ticket: ticket, isMet: isMet, continuation: continuation))
            }
        } onCancel: {
            giveUp(ticket)
        }
        content.withLock { content in _ = content.cancelledEarly.remove(ticket) }
    }

    private func begin(_ watcher: Watcher) {
        let isOver = content.withLock { content in
            if watcher.isMet(content.state) || content.cancelledEarly.contains(watcher.ticket) { return true }
            content.watchers.append(watcher)
            return false
        }
        if isOver { watcher.continuation.resume() }
    }

    private func giveUp(_ ticket: UInt64) {
        let watcher = content.withLock { content -> Watcher? in
            guard let place = content.watchers.firstIndex(where: { $0.ticket == ticket }) else {
                content.cancelledEarly.insert(ticket)
                return nil
            }
            return content.watchers.remove(at: place)
        }
        watcher?.continuation.resume()
    }
}
