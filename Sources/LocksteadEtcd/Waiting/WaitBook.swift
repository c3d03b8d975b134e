import Lockstead
import Synchronization

/// Who sleeps in a queue at present, and what for, so that one look can serve all of them.
final class WaitBook: Sendable {
    /// One sleeper.
    struct Wait: Sendable {
        let ask: EtcdBackend.Ask
        /// The queue it stands in.
        let keys: LockKeys
        let own: KeyBytes
        let created: Int64
        let standing: QueueStanding
        /// What was read when it went to sleep.
        let revision: Int64
    }

    typealias Ticket = UInt64

    private struct State {
        var waits: [Ticket: Wait] = [:]
        var last: Ticket = 0
    }

    private let state = Mutex(State())
    /// Rung when somebody comes.
    let came = WakeSignal()

    func begin(_ wait: Wait) -> Ticket {
        let (ticket, isFirst) = state.withLock { state in
            state.last += 1
            state.waits[state.last] = wait
            return (state.last, state.waits.count == 1)
        }
        if isFirst { came.ring() }
        return ticket
    }

    func end(_ ticket: Ticket) { _ = state.withLock { $0.waits.removeValue(forKey: ticket) } }

    var all: [Wait] { state.withLock { Array($0.waits.values) } }
    var isEmpty: Bool { state.withLock { $0.waits.isEmpty } }

    /// A session has ended.
    func ring(_ session: EtcdSession) { for wait in all where wait.ask.session === session { wait.ask.bell.ring() } }
}
