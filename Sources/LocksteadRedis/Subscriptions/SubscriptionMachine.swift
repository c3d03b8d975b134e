import DequeModule
import RESP

/// Which channels are listened to, and what the server has been told of it.
///
/// What is wanted counts from the call on, not from the server's confirmation; after a loss everything that is wanted is asked for anew.
struct SubscriptionMachine: Sendable {
    typealias Listener = UInt64

    enum Act: Sendable, Equatable { case subscribe, unsubscribe }

    enum Effect: Sendable {
        case none
        case tell([Listener], RedisSubscriptionEvent)
        case outOfStep(String)
    }

    struct Entry: Sendable {
        var listeners: [Listener] = []
        /// Acts that were sent and are not confirmed.
        var unconfirmed = 0
        /// The last act that was sent over this connection.
        var lastSent: Act?
        var isSubscribed = false
    }

    var entries: [RedisChannel: Entry] = [:]
    /// The acts that the server has yet to confirm, in the order in which it will.
    var expected: Deque<(act: Act, channel: RedisChannel)> = []
    /// What is to be sent, in order.
    private(set) var outbox: [RedisCommand] = []
    private(set) var isConnected = false
    /// PINGs that are not answered.
    private var pings = 0

    var isOwed: Bool { !expected.isEmpty || pings > 0 }

    /// Whether anybody listens.
    var isWanted: Bool { entries.values.contains { !$0.listeners.isEmpty } }

    /// Adds a listener.
    ///
    /// - Returns: Whether the server has confirmed the channel already.
    mutating func add(_ listener: Listener, to channel: RedisChannel) -> Bool {
        entries[channel, default: Entry()].listeners.append(listener)
        send(.subscribe, channel)
        return entries[channel]?.isSubscribed ?? false
    }

    mutating func remove(_ listener: Listener, from channel: RedisChannel) {
        entries[channel]?.listeners.removeAll { $0 == listener }
        guard entries[channel]?.listeners.isEmpty ?? false else { return }
        if isConnected { send(.unsubscribe, channel) } else { entries[channel] = nil }
    }

    /// A connection is there: everything that is wanted is asked for.
    mutating func connected() {
        isConnected = true
        for channel in entries.keys { send(.subscribe, channel) }
    }

    /// The connection is gone.
    ///
    /// - Returns: Who was told that they listen, and must hear that they do not.
    mutating func lost() -> [Listener] {
        let interrupted = entries.values.filter(\.isSubscribed).flatMap(\.listeners)
        (isConnected, expected, outbox, pings) = (false, [], [], 0)
        for (channel, entry) in entries {
            entries[channel] = entry.listeners.isEmpty ? nil : Entry(listeners: entry.listeners)
        }
        return interrupted
    }

    mutating func takeOutbox() -> [RedisCommand] {
        defer { outbox = [] }
        return outbox
    }

    mutating func wrotePing() { pings += 1 }
    mutating func pingAnswered() { pings = max(0, pings - 1) }

    /// Asks the server, unless that is what it was asked last.
    mutating func send(_ act: Act, _ channel: RedisChannel) {
        guard isConnected, var entry = entries[channel], entry.lastSent != act else { return }
        entry.lastSent = act
        entry.unconfirmed += 1
        entry.isSubscribed = false
        entries[channel] = entry
        expected.append((act, channel))
        outbox.append(channel.command(act))
    }
}

extension RedisChannel {
    fileprivate func command(_ act: SubscriptionMachine.Act) -> RedisCommand {
        let name: StaticString =
            switch (self, act) {
            case (.channel, .subscribe): "SUBSCRIBE"
            case (.channel, .unsubscribe): "UNSUBSCRIBE"
            case (.pattern, .subscribe): "PSUBSCRIBE"
            case (.pattern, .unsubscribe): "PUNSUBSCRIBE"
            case (.shard, .subscribe): "SSUBSCRIBE"
            case (.shard, .unsubscribe): "SUNSUBSCRIBE"
            }
        var command = RedisCommand(name)
        command.append(key: self.name)
        return command
    }
}
