/// What one listener hears of a channel; one task reads it.
///
/// Ends when it is cancelled, when the reading task is, and when the client is shut down. Dropping the last reference cancels it.
package final class RedisSubscription: AsyncSequence, Sendable {
    package let channel: RedisChannel
    private let inbox: SubscriptionInbox
    private let hearing: RedisHearing

    init(_ channel: RedisChannel, inbox: SubscriptionInbox, hearing: RedisHearing) {
        (self.channel, self.inbox, self.hearing) = (channel, inbox, hearing)
    }

    /// Ends the subscription; events not yet read are gone.
    package func cancel() {
        inbox.finish()
        hearing.cancel()
    }

    /// The next event, or `nil` at the end.
    package func next() async -> RedisSubscriptionEvent? { await inbox.next() }

    package func makeAsyncIterator() -> Iterator { Iterator(subscription: self) }

    package struct Iterator: AsyncIteratorProtocol {
        let subscription: RedisSubscription

        package mutating func next() async -> RedisSubscriptionEvent? { await subscription.next() }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws(Never)
            -> RedisSubscriptionEvent?
        {
            await subscription.next()
        }
    }
}

extension RedisClient {
    /// Listens to a channel from now until the subscription is cancelled or dropped.
    ///
    /// Never fails by itself: connections lost are made anew, and the events say so. What a slow reader leaves unread beyond the
    /// configured backlog is dropped, and told as a gap.
    package func subscribe(to channel: RedisChannel) -> RedisSubscription {
        let inbox = SubscriptionInbox(backlog: limits.subscriptionBacklog)
        let hearing = hear(channel) { event in
            if let event { inbox.yield(event) } else { inbox.finish() }
        }
        return RedisSubscription(channel, inbox: inbox, hearing: hearing)
    }
}
