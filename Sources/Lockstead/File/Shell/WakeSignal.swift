internal import LockCore
internal import Synchronization

/// Wakes one task: raised before or after it waits, never lost, and several raises are one.
final class WakeSignal: Sendable {
    private struct State {
        var isRaised = false
        var continuation: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func raise() {
        let continuation = state.withLock { state in
            state.isRaised = state.continuation == nil
            return state.continuation.take()
        }
        continuation?.resume()
    }

    /// Whether it was raised since the last look.
    func take() -> Bool {
        state.withLock { state in
            defer { state.isRaised = false }
            return state.isRaised
        }
    }

    /// Returns when raised, or when the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Checked under the lock: a cancellation before it is seen here, one after it finds the continuation.
                let resumes = state.withLock { state in
                    if state.isRaised || Task.isCancelled {
                        state.isRaised = false
                        return true
                    }
                    state.continuation = continuation
                    return false
                }
                if resumes { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.continuation.take() }?.resume()
        }
    }

    /// Returns when raised, at `deadline`, or when the task is cancelled; true where it was raised.
    func wait(until deadline: ContinuousTime, _ time: any TimeSource) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.wait()
                return !Task.isCancelled
            }
            group.addTask {
                // Only a cancellation ends the sleep early, and the caller looks for that itself.
                _ = try? await time.sleep(until: deadline)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }
}
