import Lockstead
import Synchronization

/// Those who wait for what is known of a cluster to change.
final class ClusterChanges: Sendable {
    private let state = Mutex<(next: UInt64, waiting: [UInt64: WakeSignal])>((0, [:]))

    func ring() {
        for signal in state.withLock({ Array($0.waiting.values) }) { signal.ring() }
    }

    /// Sleeps until the next change, a moment, or the cancellation of the task, unless `isDone` is already so.
    func sleep(until deadline: ContinuousTime, on time: any TimeSource, unless isDone: () -> Bool = { false }) async {
        let signal = WakeSignal()
        let ticket = state.withLock { state in
            state.next += 1
            state.waiting[state.next] = signal
            return state.next
        }
        defer { _ = state.withLock { $0.waiting.removeValue(forKey: ticket) } }
        guard !isDone() else { return }
        // Whoever sleeps looks at what ended it.
        _ = try? await signal.sleep(until: deadline, on: time)
    }
}
