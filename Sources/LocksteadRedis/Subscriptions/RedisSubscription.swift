import Synchronization

/// What one listener hears of a channel; one task reads it.
///
/// Ends when it is cancelled, when the reading task is, and when the client is shut down. Dropping the last reference cancels it.
package final class RedisSubscription: AsyncSequence, Sendable {
    package let channel: RedisChannel
    private let inbox: SubscriptionInbox
    private let onCancel: @Sendable () -> Void

    init(_ channel: RedisChannel, inbox: SubscriptionInbox, onCancel: @escaping @Sendable () -> Void) {
        (self.channel, self.inbox, self.onCancel) = (channel, inbox, onCancel)
    }

    deinit { onCancel() }

    /// Ends the subscription; events not yet read are gone.
    package func cancel() {
        inbox.finish()
        onCancel()
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
