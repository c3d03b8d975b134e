package import Lockstead
package import RESP

/// The shared connections to one server.
package final class RedisNode: RedisClient {
    package let endpoint: RedisEndpoint
    private let configuration: RedisConfiguration
    private let context: EngineContext

    /// Connects to nothing until ``run()`` is called.
    package init(_ endpoint: RedisEndpoint, configuration: RedisConfiguration, context: EngineContext) {
        (self.endpoint, self.configuration, self.context) = (endpoint, configuration, context)
    }

    package func run() async {}

    package func send(_ command: RedisCommand, deadline: ContinuousTime?) async throws(RedisError) -> RESPValue {
        throw RedisError(.shutDown, "under construction", effect: .didNotHappen)
    }

    package func pipeline(_ commands: [RedisCommand], deadline: ContinuousTime?) async -> [Result<
        RESPValue, RedisError
    >] {
        commands.map { _ in .failure(RedisError(.shutDown, "under construction", effect: .didNotHappen)) }
    }

    package func run(_ call: RedisScriptCall, deadline: ContinuousTime?) async throws(RedisError) -> RESPValue {
        try await send(call.command, deadline: deadline)
    }

    package func pipeline(_ calls: [RedisScriptCall], deadline: ContinuousTime?) async -> [Result<
        RESPValue, RedisError
    >] {
        await pipeline(calls.map(\.command), deadline: deadline)
    }

    package func subscribe(to channel: RedisChannel) -> RedisSubscription {
        RedisSubscription(channel, inbox: SubscriptionInbox(backlog: configuration.limits.subscriptionBacklog)) {}
    }
}
