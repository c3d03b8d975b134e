import Lockstead
import Synchronization

/// Lets one call of a request ask at a time: the others find its grant when they come in.
final class RequestGate: Sendable {
    private struct Entry {
        var isWithdrawn = false
        var wake: RedlockWake
        var waiting: [WakeSignal] = []
    }

    private let state = Mutex<[RequestID: Entry]>([:])

    /// Comes in, where no other call of the request is; else its departure rings.
    func enter(_ request: RequestID, _ wake: RedlockWake, orRing signal: WakeSignal) -> Bool {
        state.withLock { state in
            guard state[request] == nil else {
                state[request]?.waiting.append(signal)
                return false
            }
            state[request] = Entry(wake: wake)
            return true
        }
    }

    func leave(_ request: RequestID) {
        let waiting = state.withLock { $0.removeValue(forKey: request)?.waiting ?? [] }
        for signal in waiting { signal.ring() }
    }

    func isWithdrawn(_ request: RequestID) -> Bool { state.withLock { $0[request]?.isWithdrawn ?? false } }

    /// Has the call that is in come out.
    ///
    /// - Returns: Whether there is one; its departure rings.
    func withdraw(_ request: RequestID, ringing signal: WakeSignal) -> Bool {
        let wake = state.withLock { state -> RedlockWake? in
            state[request]?.isWithdrawn = true
            state[request]?.waiting.append(signal)
            return state[request]?.wake
        }
        wake?.signal.ring()
        return wake != nil
    }

    /// Tells the call of a request that a node called it.
    func look(_ request: RequestID, from node: Int) {
        let wake = state.withLock { $0[request]?.wake }
        wake?.look(from: node)
    }

    /// Wakes everybody: something may have been missed.
    func ringAll() {
        for wake in state.withLock({ $0.values.map(\.wake) }) { wake.signal.ring() }
    }
}

/// What a waiting call hears from the nodes.
final class RedlockWake: Sendable {
    let signal = WakeSignal()
    private let callers = Mutex<Set<Int>>([])

    /// How many nodes have called since the last ``reset()``.
    var count: Int { callers.withLock(\.count) }

    func look(from node: Int) {
        callers.withLock { _ = $0.insert(node) }
        signal.ring()
    }

    func reset() { callers.withLock { $0 = [] } }
}

/// The nodes in whose lists a request stands.
final class ListedNodes: Sendable {
    private let nodes = Mutex<Set<Int>>([])

    func add(_ node: Int) { nodes.withLock { _ = $0.insert(node) } }
    func remove(_ node: Int) { nodes.withLock { _ = $0.remove(node) } }

    /// All of them, once.
    func take() -> Set<Int> {
        nodes.withLock { nodes in
            defer { nodes = [] }
            return nodes
        }
    }
}
