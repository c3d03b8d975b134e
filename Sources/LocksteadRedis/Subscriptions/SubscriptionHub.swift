import RESP
import Synchronization

/// All listeners of one node: hands what comes to those it concerns, and what is wanted to the connection.
final class SubscriptionHub: Sendable {
    private struct State {
        var machine = SubscriptionMachine()
        var hearers: [SubscriptionMachine.Listener: RedisHearer] = [:]
        var lastListener: SubscriptionMachine.Listener = 0
        /// Who came to a channel that was confirmed already, and is to be told so.
        var newcomers: [SubscriptionMachine.Listener] = []
        /// Asks the connection's event loop to come for what is to be sent.
        var wake: (@Sendable () -> Void)?
        var isFinished = false
    }

    private let state = Mutex(State())
    /// Yields when the first listener comes.
    let demand: AsyncStream<Void>
    private let demanded: AsyncStream<Void>.Continuation

    init() { (demand, demanded) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// Listens from now on.
    func hear(_ channel: RedisChannel, _ hearer: @escaping RedisHearer) -> RedisHearing {
        let (listener, wake, isFinished) = state.withLock { state in
            state.lastListener += 1
            let listener = state.lastListener
            if !state.isFinished {
                state.hearers[listener] = hearer
                if state.machine.add(listener, to: channel) { state.newcomers.append(listener) }
            }
            return (listener, state.wake, state.isFinished)
        }
        if isFinished { hearer(nil) }
        demanded.yield()
        wake?()
        return RedisHearing { [weak self] in self?.unsubscribe(listener, from: channel) }
    }

    private func unsubscribe(_ listener: SubscriptionMachine.Listener, from channel: RedisChannel) {
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            guard state.hearers.removeValue(forKey: listener) != nil else { return nil }
            state.machine.remove(listener, from: channel)
            return state.wake
        }
        wake?()
    }

    /// Ends all subscriptions, and refuses more.
    func finish() {
        let hearers = state.withLock { state in
            state.isFinished = true
            defer { state.hearers = [:] }
            return state.hearers.values.map(\.self)
        }
        for hearer in hearers { hearer(nil) }
    }

    // MARK: For the connection's event loop

    func connected(wake: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.wake = wake
            state.machine.connected()
        }
    }

    func lost() {
        tellNewcomers()
        let interrupted = state.withLock { state in
            state.wake = nil
            return state.machine.lost().compactMap { state.hearers[$0] }
        }
        for hearer in interrupted { hearer(.interrupted) }
    }

    var isOwed: Bool { state.withLock { $0.machine.isOwed } }

    func takeOutbox() -> [RedisCommand] {
        tellNewcomers()
        return state.withLock { $0.machine.takeOutbox() }
    }

    func wrotePing() { state.withLock { $0.machine.wrotePing() } }

    /// - Returns: Why the connection cannot go on, or `nil`.
    func received(_ value: RESPValue) -> RedisError? {
        tellNewcomers()
        let effect = state.withLock {
            state -> (hearers: [RedisHearer], event: RedisSubscriptionEvent?, fault: String?) in
            switch state.machine.received(value) {
            case .none: ([], nil, nil)
            case .tell(let listeners, let event): (listeners.compactMap { state.hearers[$0] }, event, nil)
            case .outOfStep(let detail): ([], nil, detail)
            }
        }
        if let event = effect.event {
            for hearer in effect.hearers { hearer(event) }
        }
        return effect.fault.map { .outOfStep($0) }
    }

    /// Done by the event loop, which tells everything else: so nobody hears a message before the confirmation.
    private func tellNewcomers() {
        let hearers = state.withLock { state in
            guard !state.newcomers.isEmpty else { return [RedisHearer]() }
            defer { state.newcomers = [] }
            return state.newcomers.compactMap { state.hearers[$0] }
        }
        for hearer in hearers { hearer(.subscribed) }
    }
}
