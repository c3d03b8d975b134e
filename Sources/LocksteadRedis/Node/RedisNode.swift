package import Lockstead
import Logging
import NIOCore
package import NIOPosix
import RESP
import Synchronization

/// The shared connections to one server: a few for commands, one that listens once somebody wants to.
package final class RedisNode: RedisClient {
    package let endpoint: RedisEndpoint
    let configuration: RedisConfiguration
    let context: EngineContext
    let hub: SubscriptionHub
    let state: Mutex<NodeMachine<RedisConnection, RedisCall>>
    let connector: RedisConnector
    let written = EventCount()
    private let hasRun = Flag()

    /// Connects to nothing until ``run()`` is called.
    package init(
        _ endpoint: RedisEndpoint, configuration: RedisConfiguration, context: EngineContext,
        group: MultiThreadedEventLoopGroup = .singleton
    ) {
        (self.endpoint, self.configuration, self.context) = (endpoint, configuration, context)
        hub = SubscriptionHub(backlog: configuration.limits.subscriptionBacklog)
        state = Mutex(NodeMachine(connections: configuration.connectionsPerNode))
        connector = RedisConnector(
            endpoint: endpoint, configuration: configuration, time: context.time, group: group)
    }

    /// What the server said of itself; `nil` while there is no connection.
    package var greeting: RedisGreeting? { state.withLock { $0.ready.first?.greeting } }

    package var commandsWritten: Int { written.value }

    /// Keeps the connections until the task is cancelled; then lets what is under way finish for a moment.
    ///
    /// A second call returns at once.
    package func run() async {
        guard hasRun.set() else {
            return context.logger.error("A Redis client runs once", metadata: ["endpoint": "\(endpoint)"])
        }
        let slots = state.withLock { $0.slotCount }
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                for slot in 0..<slots { group.addTask { await self.keepConnected(slot) } }
                group.addTask { await self.keepListening() }
            }
        } onCancel: {
            self.shutDown()
        }
        shutDown()
    }

    private func shutDown() {
        for call in state.withLock({ $0.shutDown() }) { call.fail { RedisError.shutDown.with(effect: $0) } }
        hub.finish()
    }

    package func subscribe(to channel: RedisChannel) -> RedisSubscription { hub.subscribe(to: channel) }
}
