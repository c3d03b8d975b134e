import LockCore
import Synchronization

/// Lets calls through while the client runs, and tells when it has drained.
final class LifecycleGate: Sendable {
    private struct State {
        var lifecycle = Lifecycle()
        /// What ended the engine, for those who call later.
        var failure: (any Error)?
    }

    private let state = Mutex(State())
    private let leftIdle = Signal()
    /// Set once nothing is left that a shutdown waits for.
    let drained = Signal()

    var phase: Lifecycle.Phase { state.withLock { $0.lifecycle.phase } }

    var activities: Int { state.withLock { $0.lifecycle.activities } }

    func claim() -> Lifecycle.Claim { state.withLock { $0.lifecycle.claim() } }

    /// Lets calls through, unless a shutdown came first.
    func start() {
        change { $0.lifecycle.start() }
        leftIdle.set()
    }

    /// Refuses what is new and waits for what runs.
    func drain(failure: (any Error)? = nil) {
        change { state in
            state.failure = state.failure ?? failure
            state.lifecycle.drain()
        }
        leftIdle.set()
    }

    func stop() {
        change { $0.lifecycle.stop() }
        leftIdle.set()
    }

    /// Waits for the client to run, at most until `patience`.
    ///
    /// - Throws: `notRunning` with what to do, `shutDown`, or `CancellationError`.
    func passage(nested: Bool, patience: ContinuousTime, time: any TimeSource) async throws {
        if !phase.isPastStart {
            await leftIdle.wait(until: patience, time: time)
            try Task.checkCancellation()
        }
        switch phase {
        case .running: return
        case .draining where nested: return
        case .idle, .starting: throw Self.notRunning
        case .draining, .closing, .stopped: throw shutDownError
        }
    }

    /// Waits until calls need not wait for the start any more.
    func started() async { await leftIdle.wait() }

    /// Waits until the clean-ups that a shutdown has caused are over, too.
    func cleanedUp() async {
        while activities > 0 {
            drained.clear()
            // Whoever left before the signal was cleared is counted; whoever leaves after it sets it.
            if activities > 0 { await drained.wait() }
        }
    }

    /// Begins something that a shutdown waits for.
    ///
    /// - Throws: `shutDown` where nothing may begin any more.
    func enter(_ activity: Lifecycle.Activity) throws(LockError) {
        switch state.withLock({ $0.lifecycle.admit(activity) }) {
        case .admitted: return
        case .notYetRunning: throw Self.notRunning
        case .shutDown: throw shutDownError
        }
    }

    /// Begins a scope where the client runs.
    ///
    /// - Returns: Whether it has begun; else ``passage(nested:patience:time:)`` knows why not.
    func enterIfRunning() -> Bool {
        state.withLock { $0.lifecycle.phase == .running && $0.lifecycle.admit(.outermost) == .admitted }
    }

    func leave() { change { $0.lifecycle.leave() } }

    var shutDownError: LockError {
        guard let failure = state.withLock({ $0.failure }) else {
            return LockError(
                .shutDown, "The lock client was shut down; make a new one to go on.", effect: .didNotHappen)
        }
        return LockError(
            .engineUnavailable, "The engine stopped and the lock client with it; mend the cause and make a new client.",
            effect: .didNotHappen, cause: failure)
    }

    private static let notRunning = LockError(
        .notRunning,
        "The lock client is not running; run it as a service (ServiceGroup), call run() in a task, or use LockClient.with.",
        effect: .didNotHappen)

    private func change(_ body: (inout State) -> Void) {
        let isDrained = state.withLock { state in
            body(&state)
            return state.lifecycle.isDrained
        }
        if isDrained { drained.set() }
    }
}
