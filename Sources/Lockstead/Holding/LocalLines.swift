import LockCore
import Synchronization

/// The local queues of a client, and who waits in them.
final class LocalLines: Sendable {
    /// Only requests that ask for the same share a remote request.
    struct Key: Sendable, Hashable {
        var name: LockName
        var lease: Duration
        var terms: HoldTerms
        var fairness: Fairness
    }

    typealias Outcome = Result<AcquireOutcome, LockError>

    struct Place: Sendable {
        var request: LockRequest
        var continuation: CheckedContinuation<Outcome, Never>
    }

    struct Line: Sendable {
        var queue = LocalQueue()
        var places: [LocalQueue.WaiterID: Place] = [:]
        /// Ends the remote request under way.
        var withdrawal: Signal?
    }

    struct State: Sendable {
        var lines: [Key: Line] = [:]
        var nextWaiter: LocalQueue.WaiterID = 0
        /// What everyone is told once the client has stopped.
        var closing: LockError?
    }

    private let state = Mutex(State())

    func drawWaiter() -> LocalQueue.WaiterID {
        state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
    }

    /// Whether nobody is in a line, so that whoever asks now does so by itself; answered by a change of the line.
    ///
    /// - Throws: What everyone is told once the client has stopped.
    func beginAlone(_ key: Key, _ waiter: LocalQueue.WaiterID, priority: Int8) throws(LockError) -> Bool {
        try state.withLock { (state) throws(LockError) in
            if let error = state.closing { throw error }
            return state.lines[key, default: Line()].queue.beginAlone(waiter, priority: priority)
        }
    }

    /// Changes one line; what follows from it comes out as acts, to be carried out once unlocked.
    func change(_ key: Key, _ body: (inout Line, inout [Act]) -> Void) -> [Act] {
        state.withLock { state in
            var line = state.lines[key] ?? Line()
            var acts: [Act] = []
            body(&line, &acts)
            if let error = state.closing {
                line.turnAway(error, &acts)
            } else {
                state.lines[key] = line.queue.isIdle ? nil : line
            }
            return acts
        }
    }

    /// Ends all waits, now and later: the client has stopped.
    func close(_ error: LockError) {
        let places = state.withLock { state in
            state.closing = error
            defer { state.lines = [:] }
            return state.lines.values.flatMap(\.places.values)
        }
        for place in places { place.continuation.resume(returning: .failure(error)) }
    }

    /// Who would get a grant that is handed over now.
    func nextForHandOver(_ key: Key) -> (LocalQueue.WaiterID, Place)? {
        state.withLock { state in
            guard let line = state.lines[key], let waiter = line.queue.nextForHandOver(),
                let place = line.places[waiter]
            else { return nil }
            return (waiter, place)
        }
    }

    /// How many wait, in all lines.
    var waiterCount: Int { state.withLock { $0.lines.values.reduce(0) { $0 + $1.places.count } } }
    func contains(_ key: Key) -> Bool { state.withLock { $0.lines[key] != nil } }

    /// What is left to do once a line is unlocked.
    enum Act: Sendable {
        case ask(LockRequest, Signal)
        case withdraw(Signal)
        case answer(CheckedContinuation<Outcome, Never>, Outcome)
        case giveBack(Grant)
    }
}

extension LocalLines.Line {
    /// Translates the machine's effects.
    ///
    /// `grant` is what arrived, where one did.
    mutating func acts(
        _ effects: [LocalQueue.Effect], grant: Grant?, newID: RequestID, into acts: inout [LocalLines.Act]
    ) {
        for effect in effects {
            switch effect {
            case .ask(let deadline, let priority):
                guard let first = queue.waiters.first.flatMap({ places[$0.id] }) else { continue }
                var request = first.request
                (request.id, request.priority) = (newID, priority)
                request.wait = deadline == .distantFuture ? .forever : .until(deadline)
                let signal = Signal()
                withdrawal = signal
                acts.append(.ask(request, signal))
            case .withdraw: if let withdrawal { acts.append(.withdraw(withdrawal)) }
            case .assign(let waiter):
                guard let grant, let place = places.removeValue(forKey: waiter) else { continue }
                acts.append(.answer(place.continuation, .success(.granted(grant))))
            case .giveBack: if let grant { acts.append(.giveBack(grant)) }
            }
        }
    }

    /// Nobody carries out what a closed line would ask; who joined meanwhile must not wait for it.
    fileprivate mutating func turnAway(_ error: LockError, _ acts: inout [LocalLines.Act]) {
        acts.removeAll { if case .ask = $0 { true } else { false } }
        answer(Array(places.keys), .failure(error), into: &acts)
    }

    /// Answers those who wait no longer.
    mutating func answer(
        _ waiters: [LocalQueue.WaiterID], _ outcome: LocalLines.Outcome, into acts: inout [LocalLines.Act]
    ) {
        for waiter in waiters {
            guard let place = places.removeValue(forKey: waiter) else { continue }
            acts.append(.answer(place.continuation, outcome))
        }
    }
}
