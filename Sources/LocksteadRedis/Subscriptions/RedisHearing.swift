/// Keeps somebody told of what comes on a channel; ends when it is cancelled or dropped.
package final class RedisHearing: Sendable {
    private let onCancel: @Sendable () -> Void

    package init(onCancel: @escaping @Sendable () -> Void) { self.onCancel = onCancel }

    deinit { onCancel() }

    /// Ends it; what is under way may still be told.
    package func cancel() { onCancel() }
}

/// Told of each event on a channel, in order, by an event loop that it must not keep: `nil` once the client has shut down.
package typealias RedisHearer = @Sendable (RedisSubscriptionEvent?) -> Void
