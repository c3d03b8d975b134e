import LockCore

/// The waiters of one name within one client, of whom one request at a time asks the engine (RULES 9).
///
/// The remote request carries the longest deadline and the highest priority of the waiters at its start and lives while one of them
/// remains, whoever caused it. S9 therefore means the arrival order of remote requests. Whoever comes while nobody is there asks by
/// itself, and is no waiter of the queue: those who come meanwhile wait for its answer before one of them asks.
struct LocalQueue: Sendable {
    typealias WaiterID = UInt64

    /// The most hand-overs in a row, so that waiters of other clients are not starved by one busy client.
    static let mostHandOvers = 16

    struct Waiter: Sendable, Equatable {
        var id: WaiterID
        /// `.distantFuture`: no deadline.
        var deadline: ContinuousTime
        var priority: Int8
    }

    /// What came out, in the order it must happen.
    enum Effect: Sendable, Equatable {
        /// Ask the engine until then.
        case ask(until: ContinuousTime, priority: Int8)
        /// Cancel the request under way; ``remoteEnded(at:effects:)`` follows.
        case withdraw
        /// The grant that arrived is this waiter's.
        case assign(WaiterID)
        /// Nobody is left for the grant that arrived: give it back.
        case giveBack
    }

    enum Remote: Sendable, Equatable {
        case none
        /// Somebody who came while nobody was there asks by itself.
        case alone(WaiterID, priority: Int8)
        case asking(until: ContinuousTime, priority: Int8)
        /// It was told to end and will.
        case withdrawing
    }

    private(set) var waiters: [Waiter] = []
    private(set) var remote = Remote.none
    private(set) var handOversInARow = 0

    /// Whether nobody waits, nothing is under way, and nothing is to be remembered.
    var isIdle: Bool { waiters.isEmpty && remote == .none && handOversInARow == 0 }

    /// Somebody arrives.
    ///
    /// - Returns: Whether it is alone, and is to ask the engine by itself; ``answeredAlone(_:isGranted:effects:)`` follows.
    mutating func beginAlone(_ id: WaiterID, priority: Int8) -> Bool {
        guard waiters.isEmpty, remote == .none else { return false }
        remote = .alone(id, priority: priority)
        return true
    }

    /// Somebody who asked by itself has its answer.
    mutating func answeredAlone(_ id: WaiterID, isGranted: Bool, effects: inout [Effect]) {
        if isGranted { handOversInARow = 0 }
        guard case .alone(id, _) = remote else { return }
        remote = .none
        if !waiters.isEmpty { ask(&effects) }
    }

    /// A waiter arrives.
    mutating func join(_ waiter: Waiter, effects: inout [Effect]) {
        // By priority, and within one by arrival.
        let place = waiters.firstIndex { $0.priority < waiter.priority } ?? waiters.endIndex
        waiters.insert(waiter, at: place)
        switch remote {
        case .none: ask(&effects)
        // Beside the one that asks by itself, which keeps its place.
        case .alone(_, let priority) where waiter.priority > priority: ask(&effects)
        case .asking(_, let priority) where waiter.priority > priority:
            // Its higher place is worth more than the one given up. A longer deadline is not: that is asked for when this one is over.
            withdraw(&effects)
        case .alone, .asking, .withdrawing: break
        }
    }

    /// A waiter gives up: cancelled, or its deadline is over.
    ///
    /// - Returns: Whether it still waited; else its grant is on the way to it.
    mutating func leave(_ id: WaiterID, effects: inout [Effect]) -> Bool {
        guard let place = waiters.firstIndex(where: { $0.id == id }) else { return false }
        waiters.remove(at: place)
        if waiters.isEmpty, case .asking = remote { withdraw(&effects) }
        return true
    }

    /// The engine granted the remote request.
    ///
    /// The next one is sent at once, so that it has its place in the engine's queue.
    mutating func remoteGranted(effects: inout [Effect]) {
        remote = .none
        handOversInARow = 0
        guard let first = popFirst() else { return effects.append(.giveBack) }
        effects.append(.assign(first))
        if !waiters.isEmpty { ask(&effects) }
    }

    /// The remote request ended without a grant: its time was over, it was withdrawn, or it failed.
    ///
    /// - Returns: Those whose own deadline is over as well.
    mutating func remoteEnded(at now: ContinuousTime, effects: inout [Effect]) -> [WaiterID] {
        remote = .none
        let expired = waiters.filter { $0.deadline <= now }
        waiters.removeAll { $0.deadline <= now }
        if !waiters.isEmpty { ask(&effects) }
        return expired.map(\.id)
    }

    /// The engine refused: the answer is for everyone who waits.
    mutating func remoteFailed() -> [WaiterID] {
        remote = .none
        defer { waiters = [] }
        return waiters.map(\.id)
    }

    /// A holder is about to release: who gets the grant without a way through the engine's queue, if anyone.
    ///
    /// Nobody passes one who asks by itself and comes before: the engine has it first in line.
    func nextForHandOver() -> WaiterID? {
        guard handOversInARow < Self.mostHandOvers, let first = waiters.first else { return nil }
        if case .alone(_, let priority) = remote, priority >= first.priority { return nil }
        return first.id
    }

    /// The engine made a new grant of the old one for this waiter.
    ///
    /// - Returns: Whether it still waits; else the new grant must be given back.
    mutating func handedOver(to id: WaiterID, effects: inout [Effect]) -> Bool {
        handOversInARow += 1
        return leave(id, effects: &effects)
    }

    /// The holder gave the grant back to the engine: the row of hand-overs is broken.
    mutating func released() { handOversInARow = 0 }

    private mutating func popFirst() -> WaiterID? { waiters.isEmpty ? nil : waiters.removeFirst().id }

    private mutating func ask(_ effects: inout [Effect]) {
        let deadline = waiters.lazy.map(\.deadline).max() ?? .distantFuture
        let priority = waiters.lazy.map(\.priority).max() ?? 0
        remote = .asking(until: deadline, priority: priority)
        effects.append(.ask(until: deadline, priority: priority))
    }

    private mutating func withdraw(_ effects: inout [Effect]) {
        remote = .withdrawing
        effects.append(.withdraw)
    }
}
