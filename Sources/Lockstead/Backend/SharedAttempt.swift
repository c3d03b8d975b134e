package import LockCore
import Synchronization

/// Something that many want at the same moment and one does for all.
package final class SharedAttempt<Value: Sendable>: Sendable {
    private final class Seat: Sendable {
        let result = Mutex<Value?>(nil)
        let signal = WakeSignal()
    }

    private let waiting = Mutex<[Seat]?>(nil)

    package init() {}

    /// Has it done, or waits until it is where somebody else began it; the cancellation of a caller ends only its own wait.
    ///
    /// - Parameters:
    ///   - deadline: How long to wait for another.
    ///   - time: The clock.
    ///   - isFinal: Whether a result is good for others too: another's failure may only be that its own deadline came.
    ///   - perform: Does it; bounded in time by itself.
    /// - Returns: What came of it; `nil` where the wait was too long or its task was cancelled.
    package func value(
        until deadline: ContinuousTime, on time: any TimeSource, isFinal: (Value) -> Bool,
        _ perform: @escaping @Sendable () async -> Value
    ) async -> Value? {
        while true {
            let (value, isMine) = await attempt(until: deadline, on: time, perform)
            let isLast = isMine || Task.isCancelled || time.now >= deadline
            guard let value, isLast || isFinal(value) else {
                if isLast { return nil }
                continue
            }
            return value
        }
    }

    private func attempt(
        until deadline: ContinuousTime, on time: any TimeSource, _ perform: @escaping @Sendable () async -> Value
    ) async -> (value: Value?, isMine: Bool) {
        let seat = Seat()
        let isMine = waiting.withLock { waiting in
            defer { waiting = (waiting ?? []) + [seat] }
            return waiting == nil
        }
        // Owned by the attempt, which is bounded in time: others rely on it when whoever began it has been cancelled.
        if isMine { Task { self.performed(await perform()) } }
        // Its end is told by what is there, or not.
        _ = try? await seat.signal.sleep(until: deadline, on: time)
        return (seat.result.withLock { $0 }, isMine)
    }

    private func performed(_ value: Value) {
        let seats = waiting.withLock { $0.take() } ?? []
        for seat in seats {
            seat.result.withLock { $0 = value }
            seat.signal.ring()
        }
    }
}
