import DequeModule
import Synchronization

/// The events that one listener has yet to read: bounded, so that a slow reader costs no more than its backlog.
final class SubscriptionInbox: Sendable {
    fileprivate struct State {
        var events: Deque<RedisSubscriptionEvent> = []
        var reader: CheckedContinuation<RedisSubscriptionEvent?, Never>?
        var isFinished = false
        /// Whether the server has confirmed, so that an overflow can be told as a gap that is already over.
        var isSubscribed = false
    }

    private let state = Mutex(State())
    private let backlog: Int

    init(backlog: Int) { self.backlog = Swift.max(1, backlog) }

    /// Hands an event to the reader, or keeps it.
    func yield(_ event: RedisSubscriptionEvent) {
        let reader = state.withLock { state -> CheckedContinuation<RedisSubscriptionEvent?, Never>? in
            guard !state.isFinished else { return nil }
            state.note(event)
            guard let reader = state.reader.take() else {
                state.keep(event, backlog: backlog)
                return nil
            }
            return reader
        }
        reader?.resume(returning: event)
    }

    func finish() {
        let reader = state.withLock { state in
            state.isFinished = true
            state.events.removeAll()
            return state.reader.take()
        }
        reader?.resume(returning: nil)
    }

    func next() async -> RedisSubscriptionEvent? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if let answer = state.withLock({ $0.answer(for: continuation) }) {
                    continuation.resume(returning: answer.event)
                }
            }
        } onCancel: {
            finish()
        }
    }
}

extension SubscriptionInbox.State {
    fileprivate struct Answer { let event: RedisSubscriptionEvent? }

    fileprivate mutating func note(_ event: RedisSubscriptionEvent) {
        switch event {
        case .subscribed: isSubscribed = true
        case .interrupted, .refused: isSubscribed = false
        case .message: break
        }
    }

    /// Beyond the backlog everything is dropped, and told as a gap.
    fileprivate mutating func keep(_ event: RedisSubscriptionEvent, backlog: Int) {
        events.append(event)
        guard events.count > backlog else { return }
        events.removeAll(keepingCapacity: true)
        events.append(.interrupted)
        if isSubscribed { events.append(.subscribed) }
    }

    fileprivate mutating func answer(for continuation: CheckedContinuation<RedisSubscriptionEvent?, Never>) -> Answer? {
        if isFinished { return Answer(event: nil) }
        if let event = events.popFirst() { return Answer(event: event) }
        precondition(reader == nil, "a subscription has one reader")
        reader = continuation
        return nil
    }
}
