import Lockstead
import RESP
import Synchronization

/// Those who are to be told of a call that no task waits for, each once, also where the cluster's end comes first.
final class DetouredCalls: Sendable {
    typealias Handler = @Sendable (Result<RESPValue, RedisError>) -> Void

    private let state = Mutex<(next: UInt64, isOver: Bool, handlers: [UInt64: Handler])>((0, false, [:]))

    /// - Returns: `nil` where it is over; the handler has been told then.
    func add(_ handler: @escaping Handler) -> UInt64? {
        let ticket = state.withLock { state -> UInt64? in
            guard !state.isOver else { return nil }
            state.next += 1
            state.handlers[state.next] = handler
            return state.next
        }
        if ticket == nil { handler(.failure(.shutDown)) }
        return ticket
    }

    func take(_ ticket: UInt64) -> Handler? { state.withLock { $0.handlers.removeValue(forKey: ticket) } }

    func end() {
        let handlers = state.withLock { state in
            state.isOver = true
            defer { state.handlers = [:] }
            return Array(state.handlers.values)
        }
        // What was sent may have been carried out.
        for handler in handlers { handler(.failure(RedisError.shutDown.with(effect: .mayHaveHappened))) }
    }
}
