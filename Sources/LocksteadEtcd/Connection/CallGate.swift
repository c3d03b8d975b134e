import Lockstead
import Synchronization

/// Lets so many calls be under way at once, and has the others wait in their order: a thousand at once would all be late.
///
/// What keeps and ends grants goes before what asks for them: a crowd of newcomers costs no holder its lease (L6).
final class CallGate: Sendable {
    enum Urgency: Sendable {
        /// Keeps, ends or hands on what there is.
        case urgent
        /// Asks for more.
        case usual
    }

    private final class Seat: Sendable {
        let isAdmitted = OnceFlag()
        let signal = WakeSignal()
    }

    private struct State {
        var free: Int
        var urgent: [Seat] = []
        var usual: [Seat] = []

        mutating func add(_ seat: Seat, _ urgency: Urgency) {
            if urgency == .urgent { urgent.append(seat) } else { usual.append(seat) }
        }

        mutating func next() -> Seat? {
            if !urgent.isEmpty { return urgent.removeFirst() }
            return usual.isEmpty ? nil : usual.removeFirst()
        }

        mutating func remove(_ seat: Seat) {
            urgent.removeAll { $0 === seat }
            usual.removeAll { $0 === seat }
        }
    }

    private let state: Mutex<State>

    init(width: Int) { state = Mutex(State(free: width)) }

    /// Enters, or gives up at the deadline or at the cancellation of the task.
    ///
    /// - Returns: Whether it is in; then ``leave()`` is due.
    func enter(_ urgency: Urgency, until deadline: ContinuousTime, on time: any TimeSource) async -> Bool {
        let seat = Seat()
        let isIn = state.withLock { state in
            let isFree = state.free > 0
            if isFree { state.free -= 1 } else { state.add(seat, urgency) }
            return isFree
        }
        if isIn { return true }
        while !seat.isAdmitted.isSet, !Task.isCancelled, time.now < deadline {
            // The loop looks at what ended it.
            _ = try? await seat.signal.sleep(until: deadline, on: time)
        }
        return !withdrawn(seat)
    }

    /// Takes a seat away, unless it was admitted meanwhile.
    private func withdrawn(_ seat: Seat) -> Bool {
        state.withLock { state in
            guard !seat.isAdmitted.isSet else { return false }
            state.remove(seat)
            return true
        }
    }

    /// Somebody is done: the next one comes in.
    func leave() {
        let next = state.withLock { state -> Seat? in
            let next = state.next()
            if let next { next.isAdmitted.set() } else { state.free += 1 }
            return next
        }
        next?.signal.ring()
    }
}
