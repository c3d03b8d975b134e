import DequeModule
import NIOCore
import Synchronization

/// The calls that tasks hand to one connection: taken over by its event loop, many at a time.
final class CallQueue: Sendable {
    private struct State {
        var calls: Deque<RedisCall> = []
        /// Whether the event loop has been asked to come.
        var isScheduled = false
        var isClosed = false
        /// Handed over and not answered yet.
        var outstanding = 0
    }

    /// What comes of handing calls over.
    enum Admission {
        case admitted
        /// The connection has ended: nothing was handed over.
        case closed
        case full
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Hands calls over, next to each other and in order.
    ///
    /// - Parameters:
    ///   - calls: What to hand over.
    ///   - wake: Asks the event loop to come; called unless it has been asked already.
    /// - Returns: What came of it.
    func submit(_ calls: some Collection<RedisCall>, wake: () -> Void) -> Admission {
        let (admission, mustWake) = state.withLock { state -> (Admission, Bool) in
            if state.isClosed { return (.closed, false) }
            guard state.outstanding + calls.count <= limit else { return (.full, false) }
            state.outstanding += calls.count
            state.calls.append(contentsOf: calls)
            defer { state.isScheduled = true }
            return (.admitted, !state.isScheduled)
        }
        if mustWake { wake() }
        return admission
    }

    /// Appends everything handed over since the last time.
    func take(into calls: inout Deque<RedisCall>) {
        state.withLock { state in
            state.isScheduled = false
            // Exchanged, so that neither side gives its memory away.
            guard !calls.isEmpty else { return swap(&calls, &state.calls) }
            calls.append(contentsOf: state.calls)
            state.calls.removeAll(keepingCapacity: true)
        }
    }

    /// Notes that calls were answered or given up.
    func settled(_ count: Int) { state.withLock { $0.outstanding -= count } }

    /// Refuses what comes from now on, and returns what nobody took.
    func close() -> Deque<RedisCall> {
        state.withLock { state in
            state.isClosed = true
            defer { state.calls = [] }
            return state.calls
        }
    }

    var isIdle: Bool { state.withLock { $0.outstanding == 0 } }
}
