import Synchronization

/// Somebody who hears a channel of a cluster, wherever that is at the time.
final class ClusterHearing: Sendable {
    private struct State {
        var place: RedisEndpoint?
        var hearing: RedisHearing?
        /// Which of the places it is: events of earlier ones are not told any more.
        var stay = 0
        var isSubscribed = false
        /// Whether the place has said anything, a refusal too.
        var isHeard = false
        var isOver = false
    }

    let channel: RedisChannel
    private let hearer: RedisHearer
    private let state = Mutex(State())

    init(_ channel: RedisChannel, _ hearer: @escaping RedisHearer) { (self.channel, self.hearer) = (channel, hearer) }

    var place: RedisEndpoint? { state.withLock { $0.place } }

    /// Goes to another node, or anew to the same one.
    ///
    /// - Parameters:
    ///   - place: Where.
    ///   - hear: Begins to hear there, telling events with the number of this stay.
    func move(to place: RedisEndpoint, hear: (_ stay: Int) -> RedisHearing) {
        let (stay, old, wasSubscribed) = state.withLock { state -> (Int?, RedisHearing?, Bool) in
            guard !state.isOver else { return (nil, nil, false) }
            defer { (state.place, state.hearing, state.isSubscribed) = (place, nil, false) }
            state.stay += 1
            state.isHeard = false
            return (state.stay, state.hearing, state.isSubscribed)
        }
        guard let stay else { return }
        old?.cancel()
        if wasSubscribed { hearer(.interrupted) }
        let hearing = hear(stay)
        let isKept = state.withLock { state in
            guard state.stay == stay, !state.isOver else { return false }
            state.hearing = hearing
            return true
        }
        if !isKept { hearing.cancel() }
    }

    /// Leaves a node that is given up, wherever it goes from there.
    func leave(_ place: RedisEndpoint) {
        let (old, wasSubscribed) = state.withLock { state -> (RedisHearing?, Bool) in
            guard state.place == place, !state.isOver else { return (nil, false) }
            defer { (state.place, state.hearing, state.isSubscribed) = (nil, nil, false) }
            state.stay += 1
            return (state.hearing, state.isSubscribed)
        }
        old?.cancel()
        if wasSubscribed { hearer(.interrupted) }
    }

    /// Passes an event on, unless it comes from a place that was left.
    ///
    /// - Returns: Whether it was passed on.
    @discardableResult
    func tell(_ event: RedisSubscriptionEvent, ofStay stay: Int) -> Bool {
        let isCurrent = state.withLock { state in
            guard state.stay == stay, !state.isOver else { return false }
            state.isHeard = true
            switch event {
            case .subscribed: state.isSubscribed = true
            case .interrupted, .refused: state.isSubscribed = false
            case .message: break
            }
            return true
        }
        if isCurrent { hearer(event) }
        return isCurrent
    }

    /// Whether nothing has come of a stay yet: no confirmation, no refusal, no other place.
    func isSilent(_ stay: Int) -> Bool { state.withLock { $0.stay == stay && !$0.isOver && !$0.isHeard } }

    func isCurrent(_ stay: Int) -> Bool { state.withLock { $0.stay == stay && !$0.isOver } }

    func cancel() { over()?.cancel() }

    /// The cluster's end.
    func finish() {
        guard !state.withLock({ $0.isOver }) else { return }
        over()?.cancel()
        hearer(nil)
    }

    private func over() -> RedisHearing? {
        state.withLock { state in
            state.isOver = true
            return state.hearing.take()
        }
    }
}
