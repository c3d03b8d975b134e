import Lockstead

/// What becomes of one command that a node did not carry out.
///
/// What may have been carried out is never sent again: that is for the caller to decide.
struct ClusterDetour: Sendable {
    enum Step: Sendable, Equatable {
        /// To this node at once, after `ASKING` where a slot is moving.
        case go(RedisEndpoint, asking: Bool)
        /// After a pause, to whoever serves the slot then.
        case pause(Duration)
        case fail
    }

    /// So many redirections one after the other are taken at once: two nodes may each think that it is the other.
    static let mostHops = 5
    static let longestPause = Duration.milliseconds(200)

    private var hops = 0
    private var pauses = 0

    /// Decides.
    ///
    /// - Parameters:
    ///   - error: Why it was not carried out.
    ///   - asked: Who said so.
    ///   - draw: Random, for the jitter.
    /// - Returns: What to do.
    mutating func next(after error: RedisError, from asked: RedisEndpoint, draw: UInt64) -> Step {
        guard error.effect == .didNotHappen, error.isOfTopology else { return .fail }
        let redirection = ClusterRedirection(error.serverText, from: asked)
        guard let redirection, hops < Self.mostHops else { return .pause(pause(draw)) }
        hops += 1
        return .go(redirection.endpoint, asking: error.code == .ask)
    }

    /// Between half and the whole of a span that doubles from 10 ms.
    private mutating func pause(_ draw: UInt64) -> Duration {
        let span = min(Duration.milliseconds(10 << min(pauses, 6)), Self.longestPause)
        (pauses, hops) = (pauses + 1, 0)
        return span / 2 + span / 2 * Double(draw >> 11) / 0x1p53
    }
}

extension RedisError {
    /// Whether another node, or the same a little later, may take the command.
    var isOfTopology: Bool {
        switch code {
        case .moved, .ask, .tryAgain, .clusterDown, .loading, .masterDown, .readOnly, .unreachable, .connectionLost:
            true
        default: false
        }
    }

    /// Whether it says that the map may be out of date.
    var isReasonToRefresh: Bool { isOfTopology && code != .tryAgain && code != .ask || code == .deadlineExceeded }
}
