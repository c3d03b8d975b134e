import Lockstead
import Synchronization

/// The way between a ``FaultyBackend`` and its engine, which a test cuts and mends.
public final class Cable: Sendable {
    private struct State {
        var isCut = false
        var answersToLose = 0
        var plan: FaultPlan
        /// What this client was granted and has not given back.
        var grants: [RequestID: Grant] = [:]
        var notices: AsyncStream<BackendNotice>.Continuation?
        var faults: [(FaultPlan.Call, FaultPlan.Fault)] = []
        var rites: [@Sendable () -> Void] = []
    }

    private let state: Mutex<State>
    private let death = Watched(false)

    /// Makes a cable.
    ///
    /// - Parameter plan: What goes wrong by itself; nothing unless given.
    public init(plan: FaultPlan = FaultPlan()) { state = Mutex(State(plan: plan)) }

    /// From now on no call reaches the engine.
    public func cut() { state.withLock { $0.isCut = true } }

    /// Ends a ``cut()``.
    public func mend() { state.withLock { $0.isCut = false } }

    /// Lets the next calls reach the engine and loses their answers, so that their callers cannot know what happened.
    ///
    /// - Parameter count: How many answers to lose, on top of those that are still to be lost.
    public func loseAnswers(_ count: Int) { state.withLock { $0.answersToLose += count } }

    /// Loses no more answers than its plan does.
    public func keepAnswers() { state.withLock { $0.answersToLose = 0 } }

    /// The client is dead from now on: its `run()` ends, and no call of its reaches the engine or is answered.
    public func die() {
        let rites = state.withLock { state in
            defer { state.rites = [] }
            return state.rites
        }
        for rite in rites { rite() }
        death.update { $0 = true }
    }

    /// Whether the client is dead.
    public var isDead: Bool { death.value }

    /// Which faults the plan has brought so far, in order.
    public var faults: [(call: FaultPlan.Call, fault: FaultPlan.Fault)] {
        state.withLock { state in state.faults.map { (call: $0.0, fault: $0.1) } }
    }

    // MARK: For the backend

    /// Calls `rite` when the client dies, before anybody can notice.
    func beforeDeath(_ rite: @escaping @Sendable () -> Void) { state.withLock { $0.rites.append(rite) } }

    var isCut: Bool { state.withLock { $0.isCut } }

    func waitForDeath() async { await death.until { $0 } }

    /// What happens to the next call.
    func next(_ call: FaultPlan.Call) -> FaultPlan.Fault? {
        state.withLock { state in
            let fault = state.plan.next(call)
            if let fault { state.faults.append((call, fault)) }
            return fault
        }
    }

    /// Whether the answer that just came is to be lost; also where the cable was cut meanwhile.
    func losesAnswer() -> Bool {
        state.withLock { state in
            guard !state.isCut else { return true }
            guard state.answersToLose > 0 else { return false }
            state.answersToLose -= 1
            return true
        }
    }

    func remember(_ grant: Grant) { state.withLock { $0.grants[grant.request] = grant } }
    func forget(_ request: RequestID) { state.withLock { _ = $0.grants.removeValue(forKey: request) } }

    /// All grants at once, in the order of their tokens.
    func takeGrants() -> [Grant] {
        let grants = state.withLock { state in
            defer { state.grants = [:] }
            return Array(state.grants.values)
        }
        return grants.sorted { $0.token < $1.token }
    }

    func setNotices(_ reader: AsyncStream<BackendNotice>.Continuation) {
        let former = state.withLock { state in
            defer { state.notices = reader }
            return state.notices
        }
        former?.finish()
    }

    func tell(_ notice: BackendNotice) { state.withLock { $0.notices }?.yield(notice) }
    func endNotices() { state.withLock { $0.notices }?.finish() }
}
