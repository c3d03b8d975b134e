import Synchronization

/// State whose changes can be awaited: a test waits for a fact, not for a while.
final class Watched<State: Sendable>: Sendable {
    private struct Watcher {
        let isMet: @Sendable (State) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    private let content: Mutex<(state: State, watchers: [Watcher])>

    init(_ state: State) { content = Mutex((state, [])) }

    var value: State { content.withLock { $0.state } }

    @discardableResult
    func update<R: Sendable>(_ change: @Sendable (inout State) -> R) -> R {
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

    /// Returns once the state is so.
    ///
    /// The suite's time limit ends a wait in vain.
    func until(_ isMet: @escaping @Sendable (State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isThere = content.withLock { content in
                if isMet(content.state) { return true }
                content.watchers.append(Watcher(isMet: isMet, continuation: continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }
}

/// A door that a test opens.
struct Door: Sendable {
    private let isOpen = Watched(false)
    func open() { isOpen.update { $0 = true } }
    func wait() async { await isOpen.until { $0 } }
}
