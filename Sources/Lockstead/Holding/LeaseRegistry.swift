import LockCore
import Synchronization

/// All live grants of a client, and when each wants attention.
final class LeaseRegistry: Sendable {
    private struct State {
        var grants: [RequestID: HeldGrant] = [:]
        var dueTimes = DueTimes()
        /// Until when the loop sleeps; `nil`: until it is signalled.
        var planned: ContinuousTime?
        var isAsleep = false
    }

    private let state = Mutex(State())
    /// Wakes the renewal loop before its time.
    let wakeUp = Signal()

    var count: Int { state.withLock { $0.grants.count } }
    /// Whether the renewal loop sleeps, has nothing to do at `now`, and no earlier plan is about to wake it.
    func isQuiet(at now: ContinuousTime) -> Bool {
        state.withLock { state in
            guard state.isAsleep, let next = state.dueTimes.next else { return state.isAsleep }
            return next > now && state.planned.map { $0 <= next } ?? false
        }
    }

    /// Grants that the renewal loop will look at again.
    var plannedCount: Int { state.withLock { $0.dueTimes.count } }
    var all: [HeldGrant] { state.withLock { $0.grants.values.map(\.self) } }
    func grant(_ id: RequestID) -> HeldGrant? { state.withLock { $0.grants[id] } }

    func add(_ held: HeldGrant) {
        plan(held, held.plan) { $0.grants[held.id] = held }
    }

    /// Plans a grant's next moment, if it is still registered.
    func plan(_ held: HeldGrant, _ step: HeldGrant.Step) {
        plan(held, step) { _ in }
    }

    func remove(_ held: HeldGrant) {
        state.withLock { state in
            state.grants[held.id] = nil
            state.dueTimes.remove(held.id)
        }
    }

    /// What the loop shall sleep until; from now on an earlier plan wakes it.
    func fallAsleep() -> (until: ContinuousTime?, isIdle: Bool) {
        state.withLock { state in
            state.planned = state.dueTimes.next
            state.isAsleep = true
            return (state.planned, state.dueTimes.count == 0)
        }
    }

    /// Takes out what is due; every grant where a pause concerns all.
    func wake(at now: ContinuousTime, all: Bool) -> [HeldGrant] {
        state.withLock { state in
            state.isAsleep = false
            guard !all else { return state.grants.values.map(\.self) }
            return state.dueTimes.take(at: now).compactMap { state.grants[$0] }
        }
    }

    private func plan(_ held: HeldGrant, _ step: HeldGrant.Step, _ change: (inout State) -> Void) {
        let mustWake = state.withLock { state in
            change(&state)
            guard state.grants[held.id] != nil else { return false }
            state.dueTimes.plan(held.id, at: step.nextDue, slack: step.slack)
            guard let due = step.nextDue, state.isAsleep else { return false }
            return due < state.planned ?? .distantFuture
        }
        if mustWake { wakeUp.set() }
    }
}
