import RESP
import Synchronization

/// All listeners of one node: hands what comes to those it concerns, and what is wanted to the connection.
final class SubscriptionHub: Sendable {
    private struct State {
        var machine = SubscriptionMachine()
        var inboxes: [SubscriptionMachine.Listener: SubscriptionInbox] = [:]
        var lastListener: SubscriptionMachine.Listener = 0
        /// Asks the connection's event loop to come for what is to be sent.
        var wake: (@Sendable () -> Void)?
        var isFinished = false
    }

    private let state = Mutex(State())
    private let backlog: Int
    /// Yields when the first listener comes.
    let demand: AsyncStream<Void>
    private let demanded: AsyncStream<Void>.Continuation

    init(backlog: Int) {
        self.backlog = backlog
        (demand, demanded) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Listens from now on.
    func subscribe(to channel: RedisChannel) -> RedisSubscription {
        let inbox = SubscriptionInbox(backlog: backlog)
        let (listener, wake) = state.withLock { state in
            state.lastListener += 1
            let listener = state.lastListener
            if state.isFinished {
                inbox.finish()
            } else {
                state.inboxes[listener] = inbox
                // Nobody reads the inbox yet, so this calls nobody; what follows comes after it.
                if state.machine.add(listener, to: channel) { inbox.yield(.subscribed) }
            }
            return (listener, state.wake)
        }
        demanded.yield()
        wake?()
        return RedisSubscription(channel, inbox: inbox) { [weak self] in self?.unsubscribe(listener, from: channel) }
    }

    private func unsubscribe(_ listener: SubscriptionMachine.Listener, from channel: RedisChannel) {
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            guard state.inboxes.removeValue(forKey: listener) != nil else { return nil }
            state.machine.remove(listener, from: channel)
            return state.wake
        }
        wake?()
    }

    /// Ends all subscriptions, and refuses more.
    func finish() {
        let inboxes = state.withLock { state in
            state.isFinished = true
            defer { state.inboxes = [:] }
            return state.inboxes.values.map(\.self)
        }
        for inbox in inboxes { inbox.finish() }
    }

    // MARK: For the connection's event loop

    func connected(wake: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.wake = wake
            state.machine.connected()
        }
    }

    func lost() {
        let interrupted = state.withLock { state in
            state.wake = nil
            return state.machine.lost().compactMap { state.inboxes[$0] }
        }
        for inbox in interrupted { inbox.yield(.interrupted) }
    }

    var isOwed: Bool { state.withLock { $0.machine.isOwed } }

    func takeOutbox() -> [RedisCommand] { state.withLock { $0.machine.takeOutbox() } }

    func wrotePing() { state.withLock { $0.machine.wrotePing() } }

    /// - Returns: Why the connection cannot go on, or `nil`.
    func received(_ value: RESPValue) -> RedisError? {
        let effect = state.withLock {
            state -> (inboxes: [SubscriptionInbox], event: RedisSubscriptionEvent?, fault: String?) in
            switch state.machine.received(value) {
            case .none: ([], nil, nil)
            case .tell(let listeners, let event): (listeners.compactMap { state.inboxes[$0] }, event, nil)
            case .outOfStep(let detail): ([], nil, detail)
            }
        }
        if let event = effect.event {
            for inbox in effect.inboxes { inbox.yield(event) }
        }
        return effect.fault.map { .outOfStep($0) }
    }
}
