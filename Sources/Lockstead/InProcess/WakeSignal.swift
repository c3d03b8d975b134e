package import LockCore
import Synchronization

/// A bell for one sleeper: rung before the sleep or during it, it ends the sleep.
package final class WakeSignal: Sendable {
    private struct State {
        var isRung = false
        var sleeper: CheckedContinuation<Void, Never>?
        /// Which sleep it is, and whether its time was up before it began.
        var sleep = 0
        var isTimeUp = false

        mutating func begin() -> Int {
            (sleep, isTimeUp) = (sleep + 1, false)
            return sleep
        }

        mutating func timeIsUp(for sleep: Int) -> CheckedContinuation<Void, Never>? {
            guard sleep == self.sleep else { return nil }
            isTimeUp = true
            return sleeper.take()
        }

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
        let sleep = state.withLock { $0.begin() }
        let timer = deadline.map { startTimer(until: $0, of: sleep, on: time) }
        // The sleeper hears the bell itself: another task in between would cost a turn of the executor for each wake-up.
        await rung()
        timer?.cancel()
        try Task.checkCancellation()
    }

    private func startTimer(until deadline: ContinuousTime, of sleep: Int, on time: any TimeSource) -> Task<Void, Never>
    {
        // Owned by the sleep, which cancels it and does not wait for its end: that would be one more wake-up of a thread.
        Task {
            // Ended early only where the sleep is over already.
            guard (try? await time.sleep(until: deadline)) != nil else { return }
            self.timeIsUp(for: sleep)
        }
    }

    /// Ends one sleep, and no later one.
    private func timeIsUp(for sleep: Int) {
        let sleeper = state.withLock { $0.timeIsUp(for: sleep) }
        sleeper?.resume()
    }

    /// Returns at the bell or at the cancellation of its task; a cancellation leaves the bell as it is.
    private func rung() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !state.isRung, !state.isTimeUp, !Task.isCancelled else {
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
