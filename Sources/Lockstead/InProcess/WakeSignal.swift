package import LockCore
import Synchronization

/// A bell for one sleeper: rung before the sleep or during it, it ends the sleep.
package final class WakeSignal: Sendable {
    private struct State {
        var isRung = false
        var sleeper: CheckedContinuation<Void, Never>?

        /// Who is to be woken; nobody where the bell is kept rung for the next sleep.
        mutating func ring() -> CheckedContinuation<Void, Never>? {
            defer { sleeper = nil }
            isRung = sleeper == nil
            return sleeper
        }
    }

    private let state = Mutex(State())

    package init() {}

    /// Ends the present sleep, or the next one at once.
    package func ring() {
        let sleeper = state.withLock { $0.ring() }
        sleeper?.resume()
    }

    /// Sleeps until `deadline` (for ever where `nil`), the bell, or the task's cancellation, which it throws.
    package func sleep(until deadline: ContinuousTime?, on time: any TimeSource) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.rung() }
            if let deadline { group.addTask { try await time.sleep(until: deadline) } }
            defer { group.cancelAll() }
            try await group.next()
        }
        try Task.checkCancellation()
    }

    /// Returns at the bell or at the cancellation of its task; a cancellation leaves the bell as it is.
    private func rung() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !state.isRung, !Task.isCancelled else {
                        state.isRung = state.isRung && Task.isCancelled
                        return true
                    }
                    state.sleeper = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { $0.sleeper.take() }
            sleeper?.resume()
        }
    }
}
