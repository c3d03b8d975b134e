import Synchronization

extension SentinelClient {
    package func hear(_ channel: RedisChannel, _ hearer: @escaping RedisHearer) -> RedisHearing {
        let listener = MovingListener(channel, hearer)
        let (ticket, isShutDown) = state.withLock { state in
            state.nextTicket += 1
            if !state.isShutDown { state.listeners[state.nextTicket] = listener }
            return (state.nextTicket, state.isShutDown)
        }
        if isShutDown { listener.finish() } else { moveToPrimary(listener) }
        return RedisHearing { [weak self] in
            listener.cancel()
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: ticket) }
        }
    }

    /// Another primary may take over meanwhile.
    func moveToPrimary(_ listener: MovingListener) {
        var last: RedisNode?
        while let node = state.withLock({ $0.primary?.node }), node !== last {
            listener.move(to: node)
            last = node
        }
    }
}
