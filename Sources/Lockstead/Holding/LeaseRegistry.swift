import LockCore
import Synchronization

/// All live grants of a client, and when each wants attention.
final class LeaseRegistry: Sendable {
    private struct State {
        var grants: [RequestID: HeldGrant] = [:]
        var dueTimes = DueTimes<RequestID>()
        /// Until when the loop sleeps; `nil`: until it is signalled.
        var planned: ContinuousTime?
        var isAsleep = false
        var earlyLosses = EarlyLosses()

        mutating func remove(_ id: RequestID) {
            grants[id] = nil
            dueTimes.remove(id)
        }
    }

    private let state = Mutex(State())
    private let doubtCount = Atomic(0)
    private let gapCount = Atomic(0)
    /// Wakes the renewal loop before its time.
    let wakeUp = Signal()

    var count: Int { state.withLock { $0.grants.count } }
    /// Whether the renewal loop sleeps, has nothing to do at `now`, and no earlier plan is about to wake it.
    func isQuiet(at now: ContinuousTime) -> Bool {
        state.withLock { state in
            // What it planned before may have come, though nothing is due any more: it is about to wake.
            guard state.isAsleep, state.planned.map({ $0 > now }) ?? true else { return false }
            guard let next = state.dueTimes.next else { return true }
            return next > now && state.planned.map { $0 <= next } ?? false
        }
    }

    /// Grants that the renewal loop will look at again.
    var plannedCount: Int { state.withLock { $0.dueTimes.count } }
    var all: [HeldGrant] { state.withLock { $0.grants.values.map(\.self) } }
    func grant(_ id: RequestID) -> HeldGrant? { state.withLock { $0.grants[id] } }

    /// The grant that a loss was told of; of one that is not registered the loss is remembered, as the grant may be on its way here.
    func grant(orRemember loss: LossReason, of id: RequestID) -> HeldGrant? {
        state.withLock { state in
            if let held = state.grants[id] { return held }
            state.earlyLosses.remember(loss, of: id)
            return nil
        }
    }

    /// What the engine has told so far that may concern grants on their way here.
    struct Marks: Equatable {
        /// How often it doubted such grants.
        var doubts: Int
        /// How often its word on such grants may have gone unheard.
        var gaps: Int
    }

    var marks: Marks {
        Marks(doubts: doubtCount.load(ordering: .acquiring), gaps: gapCount.load(ordering: .acquiring))
    }

    /// The grants that a doubt is about, all where it names none.
    ///
    /// Whoever registers a grant that was on its way here learns of it by ``marks``.
    func grants(doubted requests: [RequestID]?) -> [HeldGrant] { grants(requests, orCountIn: doubtCount) }

    /// The grants that a gap is about, all where it names none.
    ///
    /// Whoever registers a grant that was on its way here learns of it by ``marks``.
    func grants(unheardOf requests: [RequestID]?) -> [HeldGrant] { grants(requests, orCountIn: gapCount) }

    /// Counted under the lock that registers: who registers later sees the count, who did so before is found.
    private func grants(_ requests: [RequestID]?, orCountIn count: borrowing Atomic<Int>) -> [HeldGrant] {
        state.withLock { state in
            let known = requests?.compactMap { state.grants[$0] } ?? state.grants.values.map(\.self)
            if requests.map({ known.count < $0.count }) ?? true { count.add(1, ordering: .acquiringAndReleasing) }
            return known
        }
    }

    /// Registers a grant.
    ///
    /// - Returns: Its loss, where that was told before.
    func add(_ held: HeldGrant) -> LossReason? {
        let loss = state.withLock { state in
            state.grants[held.id] = held
            return state.earlyLosses.take(held.id)
        }
        // Whatever makes something due later plans it then.
        if !held.isPlanless { plan(held) }
        return loss
    }

    func remove(_ held: HeldGrant) { state.withLock { $0.remove(held.id) } }

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

    /// Plans a grant's next moment, if it is still registered; one that nobody will release is forgotten when it is over.
    func plan(_ held: HeldGrant) {
        let mustWake = state.withLock { state in
            guard state.grants[held.id] != nil else { return false }
            // Read here: of two plans made at the same time, the one that comes last knows both steps.
            let step = held.plan
            guard !step.isForgettable else {
                state.remove(held.id)
                return false
            }
            state.dueTimes.plan(held.id, at: step.nextDue, slack: step.slack)
            guard let due = step.nextDue, state.isAsleep else { return false }
            return due < state.planned ?? .distantFuture
        }
        if mustWake { wakeUp.set() }
    }
}
