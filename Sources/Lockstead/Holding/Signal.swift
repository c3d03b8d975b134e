import LockCore
import Synchronization

/// Something that tasks wait for: set once, or set and cleared again by its one reader.
final class Signal: Sendable {
    private struct State {
        var isSet = false
        var nextWaiter: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    var isSet: Bool { state.withLock { $0.isSet } }

    /// Wakes everyone who waits, and everyone who will.
    func set() {
        let waiters = state.withLock { state in
            state.isSet = true
            defer { state.waiters.removeAll() }
            return state.waiters.values.map(\.self)
        }
        for waiter in waiters { waiter.resume() }
    }

    func clear() { state.withLock { $0.isSet = false } }

    /// Returns when the signal is set or the task is cancelled.
    func wait() async {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // The cancellation handler may have run before: then nobody would resume us.
                    if state.isSet || Task.isCancelled { return true }
                    state.waiters[waiter] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
    }

    /// Returns when the signal is set, `deadline` is reached, or the task is cancelled.
    func wait(until deadline: ContinuousTime?, time: any TimeSource) async {
        guard let deadline else { return await wait() }
        if isSet { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            // The sleep ends by an error only when it is cancelled, which the caller sees for itself.
            group.addTask { try? await time.sleep(until: deadline) }
            await group.next()
            group.cancelAll()
        }
    }
}
