import DequeModule
import RESP

extension SubscriptionMachine {
    /// Takes in what the server sends on a connection that listens: pushes in RESP3, arrays in RESP2.
    mutating func received(_ value: RESPValue) -> Effect {
        if let error = value.error { return refused(error) }
        if value.isPong {
            pingAnswered()
            return .none
        }
        guard let elements = value.elements, let kind = elements.first?.text else {
            return .outOfStep("a connection that listens got something else than a message")
        }
        switch kind {
        case "message": return message(elements, RedisChannel.channel, payloadAt: 2)
        case "pmessage": return message(elements, RedisChannel.pattern, payloadAt: 3)
        case "smessage": return message(elements, RedisChannel.shard, payloadAt: 2)
        case "subscribe": return confirmed(.subscribe, elements, RedisChannel.channel)
        case "psubscribe": return confirmed(.subscribe, elements, RedisChannel.pattern)
        case "ssubscribe": return confirmed(.subscribe, elements, RedisChannel.shard)
        case "unsubscribe": return confirmed(.unsubscribe, elements, RedisChannel.channel)
        case "punsubscribe": return confirmed(.unsubscribe, elements, RedisChannel.pattern)
        case "sunsubscribe": return confirmed(.unsubscribe, elements, RedisChannel.shard)
        default: return .none  // Other pushes are not for us.
        }
    }

    private func message(_ elements: [RESPValue], _ kind: (String) -> RedisChannel, payloadAt index: Int) -> Effect {
        guard elements.count > index, let name = elements[1].text, let channel = elements[index - 1].text,
            let payload = elements[index].bytes
        else { return .outOfStep("a message lacks its channel or its payload") }
        // A last message may cross an unsubscription.
        guard let entry = entries[kind(name)] else { return .none }
        return .tell(entry.listeners, .message(RedisMessage(channel: channel, payload: payload)))
    }

    private mutating func confirmed(_ act: Act, _ elements: [RESPValue], _ kind: (String) -> RedisChannel) -> Effect {
        guard elements.count > 1, let name = elements[1].text else {
            return .outOfStep("a confirmation lacks its channel")
        }
        let channel = kind(name)
        guard let first = expected.first, first == (act, channel) else { return unasked(act, channel) }
        expected.removeFirst()
        return settle(channel) { $0.isSubscribed = act == .subscribe }
    }

    /// A cluster ends the subscriptions of a slot that it moves; anything else that was not asked for is a mistake.
    private mutating func unasked(_ act: Act, _ channel: RedisChannel) -> Effect {
        guard case .shard = channel, act == .unsubscribe else {
            return .outOfStep("a confirmation came to nothing that was asked")
        }
        guard let entry = entries[channel], entry.isSubscribed else { return .none }
        entries[channel]?.isSubscribed = false
        entries[channel]?.lastSent = nil
        send(.subscribe, channel)
        return .tell(entry.listeners, .interrupted)
    }

    private mutating func refused(_ error: RESPServerError) -> Effect {
        guard let (act, channel) = expected.popFirst() else {
            // To a PING perhaps: a sign of life all the same.
            pingAnswered()
            return .none
        }
        guard act == .subscribe else { return settle(channel) { _ in } }
        let listeners = entries[channel]?.listeners ?? []
        // Whoever comes next asks again.
        _ = settle(channel) { $0.lastSent = nil }
        return .tell(listeners, .refused(RedisError(error, isScript: false)))
    }

    /// Takes note of an answer; only the one to the last act says how things stand.
    private mutating func settle(_ channel: RedisChannel, _ change: (inout Entry) -> Void) -> Effect {
        guard var entry = entries[channel] else { return .none }
        entry.unconfirmed -= 1
        guard entry.unconfirmed == 0 else {
            entries[channel] = entry
            return .none
        }
        change(&entry)
        let isLeft = entry.lastSent == .unsubscribe && entry.listeners.isEmpty
        entries[channel] = isLeft ? nil : entry
        return entry.isSubscribed ? .tell(entry.listeners, .subscribed) : .none
    }
}
