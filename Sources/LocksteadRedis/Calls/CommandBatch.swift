import Synchronization

/// The answers of commands sent in one go; complete when each has one.
final class CommandBatch: Sendable {
    private struct State {
        var answers: [RedisCall.Answer?]
        var missing: Int
        var waiter: CheckedContinuation<[RedisCall.Answer], Never>?
    }

    private let state: Mutex<State>

    init(count: Int, waiter: CheckedContinuation<[RedisCall.Answer], Never>) {
        state = Mutex(State(answers: Array(repeating: nil, count: count), missing: count, waiter: waiter))
    }

    func receive(_ answer: RedisCall.Answer, at index: Int) {
        let complete = state.withLock {
            state -> (CheckedContinuation<[RedisCall.Answer], Never>?, [RedisCall.Answer])? in
            precondition(state.answers[index] == nil, "command \(index) of a batch was answered twice")
            state.answers[index] = answer
            state.missing -= 1
            guard state.missing == 0 else { return nil }
            return (state.waiter.take(), state.answers.compactMap(\.self))
        }
        complete.map { $0.0?.resume(returning: $0.1) }
    }
}
