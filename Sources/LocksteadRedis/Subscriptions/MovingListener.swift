import Synchronization

/// A hearer that goes from server to server: each move is a gap to it.
final class MovingListener: Sendable {
    private struct State {
        var hearing: RedisHearing?
        var isOver = false
    }

    private let channel: RedisChannel
    private let hearer: RedisHearer
    private let state = Mutex(State())

    init(_ channel: RedisChannel, _ hearer: @escaping RedisHearer) { (self.channel, self.hearer) = (channel, hearer) }

    /// Hears a server from now on, and no other.
    func move(to node: RedisNode) {
        let hearer = hearer
        // The end of one server is not the end of what is heard.
        let new = node.hear(channel) { event in if let event { hearer(event) } }
        let (old, isOver) = state.withLock { state in
            defer { if !state.isOver { state.hearing = new } }
            return (state.hearing, state.isOver)
        }
        if isOver { return new.cancel() }
        guard let old else { return }
        old.cancel()
        hearer(.interrupted)
    }

    func cancel() {
        let hearing = state.withLock { state in
            state.isOver = true
            return state.hearing.take()
        }
        hearing?.cancel()
    }

    /// Tells the end.
    func finish() {
        cancel()
        hearer(nil)
    }
}
