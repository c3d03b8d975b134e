import Lockstead
import Synchronization

/// When a run warms up, is measured, and is over: the same for all its clients, counted from when the last one is ready.
final class Timeline: Sendable {
    fileprivate struct State {
        var start: ContinuousTime?
        var arrived = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
        var readings: (from: Reading, until: Reading)?
    }

    let window: Duration
    private let warmUp: Duration
    private let time = SystemTimeSource()
    private let state = Mutex(State())

    init(warmUp: Duration, window: Duration) { (self.warmUp, self.window) = (warmUp, window) }

    /// When measuring begins and ends; the far future before the start.
    var bounds: (from: ContinuousTime, until: ContinuousTime) {
        let start = state.withLock { $0.start }
        guard let from = start?.advanced(by: warmUp) else { return (.distantFuture, .distantFuture) }
        return (from, from.advanced(by: window))
    }

    /// What was read at both ends of the window; `nil` where the run was given up before.
    var readings: (from: Reading, until: Reading)? { state.withLock { $0.readings } }

    /// Waits until `count` have come here; cancelling the caller lets all pass, as then the run is given up.
    func meet(_ count: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let passing = state.withLock { state in
                    state.arrived += 1
                    state.waiting.append(continuation)
                    return state.arrived >= count || state.start != nil || Task.isCancelled
                        ? state.open(at: time.now) : []
                }
                for waiter in passing { waiter.resume() }
            }
        } onCancel: {
            for waiter in state.withLock({ $0.open(at: time.now) }) { waiter.resume() }
        }
    }

    /// Takes a reading at both ends of the window.
    func watch(_ read: @Sendable () -> Reading) async {
        let (from, until) = bounds
        // Only cancellation ends a sleep early, and then nobody reads the figures.
        try? await time.sleep(until: from)
        let before = read()
        try? await time.sleep(until: until)
        let after = read()
        state.withLock { $0.readings = (before, after) }
    }
}

extension Timeline.State {
    /// Starts the run, if it has not, and gives those who wait.
    fileprivate mutating func open(at now: ContinuousTime) -> [CheckedContinuation<Void, Never>] {
        start = start ?? now
        defer { waiting = [] }
        return waiting
    }
}
