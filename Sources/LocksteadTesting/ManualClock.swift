public import Lockstead
import Synchronization

/// Clocks that stand still until a test moves them.
///
/// The continuous clock and the wall clock start at fixed readings and move together by ``advance(by:)``; ``stepWallClock(by:)`` moves
/// the wall clock alone. Tests wait for facts (``waitForSleepers(_:)``) instead of sleeping. Safe to use from any task.
public final class ManualClock: TimeSource {
    private struct Sleeper {
        let deadline: ContinuousTime
        let ticket: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Watcher {
        let count: Int
        let ticket: UInt64
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now: ContinuousTime
        var wallClockNanoseconds: Int64
        var nextTicket: UInt64 = 0
        /// In the order in which they are to wake: by deadline, then by arrival.
        var sleepers: [Sleeper] = []
        var watchers: [Watcher] = []
        /// Sleeps whose task was cancelled before they lay down.
        var cancelledEarly: Set<UInt64> = []
    }

    private let state: Mutex<State>

    /// Makes clocks that stand still at these readings.
    ///
    /// - Parameters:
    ///   - now: Where the continuous clock starts.
    ///   - wallClockNanoseconds: Where the wall clock starts, in nanoseconds since 1970.
    public init(
        now: ContinuousTime = ContinuousTime(nanoseconds: 1_000_000_000_000),
        wallClockNanoseconds: Int64 = 1_750_000_000_000_000_000
    ) {
        state = Mutex(State(now: now, wallClockNanoseconds: wallClockNanoseconds))
    }

    /// Where the continuous clock stands.
    public var now: ContinuousTime { state.withLock { $0.now } }

    /// Where the wall clock stands.
    public var wallClockNanoseconds: Int64 { state.withLock { $0.wallClockNanoseconds } }

    /// How many tasks sleep on this clock now.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// When the first sleeper is to wake, or `nil` where nobody sleeps.
    public var nextDeadline: ContinuousTime? { state.withLock { $0.sleepers.first?.deadline } }

    /// Moves both clocks forward and wakes who is due, in order of their deadlines, those of one deadline in order of arrival.
    ///
    /// - Parameter duration: How far; nothing or less moves nothing.
    public func advance(by duration: Duration) {
        let due = state.withLock { state in
            guard duration > .zero else { return [] as [Sleeper] }
            state.now = state.now.advanced(by: duration)
            state.wallClockNanoseconds += TimeSpan(duration).nanoseconds
            let awake = state.sleepers.prefix { $0.deadline <= state.now }
            state.sleepers.removeFirst(awake.count)
            return Array(awake)
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Moves both clocks to the first sleeper's deadline and wakes it, or moves nothing where nobody sleeps.
    public func advanceToNextDeadline() {
        let gap = state.withLock { state in state.sleepers.first.map { state.now.duration(to: $0.deadline) } }
        if let gap { advance(by: gap) }
    }

    /// Moves the wall clock alone, as an administrator or a time server does.
    ///
    /// - Parameter duration: How far; negative moves it back.
    public func stepWallClock(by duration: Duration) {
        state.withLock { $0.wallClockNanoseconds += TimeSpan(duration).nanoseconds }
    }

    /// Waits until at least so many tasks sleep on this clock at the same time.
    ///
    /// - Parameter count: How many.
    public func waitForSleepers(_ count: Int) async {
        let ticket = drawTicket()
        defer { forget(ticket) }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isThereAlready = state.withLock { state in
                    guard state.sleepers.count < count, state.cancelledEarly.remove(ticket) == nil else { return true }
                    state.watchers.append(Watcher(count: count, ticket: ticket, continuation: continuation))
                    return false
                }
                if isThereAlready { continuation.resume() }
            }
        } onCancel: {
            let watcher = state.withLock { state -> Watcher? in
                guard let place = state.watchers.firstIndex(where: { $0.ticket == ticket }) else {
                    state.cancelledEarly.insert(ticket)
                    return nil
                }
                return state.watchers.remove(at: place)
            }
            watcher?.continuation.resume()
        }
    }

    /// Sleeps until the continuous clock was moved to `deadline` or beyond.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    public func sleep(until deadline: ContinuousTime) async throws {
        let ticket = drawTicket()
        defer { forget(ticket) }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                lieDown(Sleeper(deadline: deadline, ticket: ticket, continuation: continuation))
            }
        } onCancel: {
            wake(ticket)
        }
    }
}

extension ManualClock {
    private func drawTicket() -> UInt64 {
        state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
    }

    /// Once the wait is over, a cancellation that came too late is of no interest.
    private func forget(_ ticket: UInt64) {
        state.withLock { state in _ = state.cancelledEarly.remove(ticket) }
    }

    private enum Bed { case awake, cancelled, asleep([Watcher]) }

    private func lieDown(_ sleeper: Sleeper) {
        let bed = state.withLock { state -> Bed in
            guard state.cancelledEarly.remove(sleeper.ticket) == nil else { return .cancelled }
            guard sleeper.deadline > state.now else { return .awake }
            let place = state.sleepers.firstIndex { $0.deadline > sleeper.deadline } ?? state.sleepers.endIndex
            state.sleepers.insert(sleeper, at: place)
            let satisfied = state.watchers.filter { $0.count <= state.sleepers.count }
            state.watchers.removeAll { $0.count <= state.sleepers.count }
            return .asleep(satisfied)
        }
        switch bed {
        case .awake: sleeper.continuation.resume()
        case .cancelled: sleeper.continuation.resume(throwing: CancellationError())
        case .asleep(let watchers): for watcher in watchers { watcher.continuation.resume() }
        }
    }

    private func wake(_ ticket: UInt64) {
        let sleeper = state.withLock { state -> Sleeper? in
            guard let place = state.sleepers.firstIndex(where: { $0.ticket == ticket }) else {
                state.cancelledEarly.insert(ticket)
                return nil
            }
            return state.sleepers.remove(at: place)
        }
        sleeper?.continuation.resume(throwing: CancellationError())
    }
}
