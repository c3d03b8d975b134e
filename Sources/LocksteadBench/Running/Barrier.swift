import Lockstead
import Synchronization

/// Where all clients of a race meet, again and again.
final class Barrier: Sendable {
    /// What all who met are told alike.
    struct Meeting: Sendable {
        let time: ContinuousTime
        /// What those who came brought, together.
        let sum: Int
    }

    private struct State {
        var sum = 0
        var waiting: [CheckedContinuation<Meeting, Never>] = []
    }

    private let count: Int
    private let time = SystemTimeSource()
    private let state = Mutex(State())

    init(count: Int) { self.count = count }

    /// Returns when all have come.
    func arrive(bringing share: Int = 0) async -> Meeting {
        await withCheckedContinuation { continuation in
            let (passing, sum) = state.withLock { state in
                state.sum += share
                state.waiting.append(continuation)
                guard state.waiting.count == count else { return ([CheckedContinuation<Meeting, Never>](), 0) }
                defer { state = State() }
                return (state.waiting, state.sum)
            }
            let meeting = Meeting(time: time.now, sum: sum)
            for waiter in passing { waiter.resume(returning: meeting) }
        }
    }
}
