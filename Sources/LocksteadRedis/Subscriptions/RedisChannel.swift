/// What can be listened to.
package enum RedisChannel: Sendable, Hashable {
    /// One channel (`SUBSCRIBE`).
    case channel(String)
    /// All channels that match a glob pattern (`PSUBSCRIBE`).
    case pattern(String)
    /// One channel of a cluster's shard (`SSUBSCRIBE`, since Redis 7).
    case shard(String)

    package var name: String {
        switch self {
        case .channel(let name), .pattern(let name), .shard(let name): name
        }
    }
}

/// What a subscription tells.
package enum RedisSubscriptionEvent: Sendable {
    /// The server has confirmed: what is published from here on is told. The first event, and the first after every ``interrupted``.
    ///
    /// Whoever waits for something looks once more whether it has happened meanwhile.
    case subscribed
    /// Messages may be missing until the next ``subscribed``: the connection was lost, or the reader was too slow.
    case interrupted
    /// Someone published.
    case message(RedisMessage)
    /// The server refuses the subscription; it is tried again with the next connection only.
    case refused(RedisError)
}

/// A published message.
package struct RedisMessage: Sendable, Hashable {
    /// Where it was published; for a pattern, the channel that matched.
    package let channel: String
    package let payload: [UInt8]
}
