package import LockCore
import Synchronization

/// Which watches the server has not confirmed yet.
package final class WatchBeginnings: Sendable {
    package typealias Ticket = UInt64

    private struct State {
        var next: Ticket = 0
        var pending: Set<Ticket> = []
        var waiting: [UInt64: WakeSignal] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package func begin() -> Ticket {
        state.withLock { state in
            state.next += 1
            state.pending.insert(state.next)
            return state.next
        }
    }

    /// The server has confirmed it, or it is over.
    package func ended(_ ticket: Ticket) {
        let signals = state.withLock { state in
            state.pending.remove(ticket)
            return state.waiting.values.map(\.self)
        }
        for signal in signals { signal.ring() }
    }

    package func allBegun(until deadline: ContinuousTime, on time: any TimeSource) async {
        let earlier = state.withLock { $0.pending }
        guard !earlier.isEmpty else { return }
        let signal = WakeSignal()
        let ticket = state.withLock { state in
            state.next += 1
            state.waiting[state.next] = signal
            return state.next
        }
        defer { _ = state.withLock { $0.waiting.removeValue(forKey: ticket) } }
        while !Task.isCancelled, time.now < deadline, !state.withLock({ $0.pending.isDisjoint(with: earlier) }) {
            // The loop looks at what ended it.
            _ = try? await signal.sleep(until: deadline, on: time)
        }
    }
}
