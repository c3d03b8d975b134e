package import Lockstead
import Logging
package import NIOCore
import NIOPosix
import RESP
import Synchronization

/// The shared connections to one server: a few for commands, one that listens once somebody wants to.
package final class RedisNode: RedisClient {
    package let endpoint: RedisEndpoint
    let configuration: RedisConfiguration
    let context: EngineContext
    let hub: SubscriptionHub
    let state: Mutex<NodeMachine<RedisConnection, RedisCall>>
    /// Makes the connection that listens, and the first of those for commands, on one event loop: what is heard is answered without
    /// waking another thread.
    let connector: RedisConnector
    private let group: any EventLoopGroup
    let written = EventCount()
    /// Told of each connection for commands that was lost.
    let onLoss: @Sendable () -> Void
    private let isHurried = OnceFlag()
    private let hasRun = OnceFlag()

    /// Connects to nothing until ``run()`` is called.
    package init(
        _ endpoint: RedisEndpoint, configuration: RedisConfiguration, context: EngineContext,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, onLoss: @escaping @Sendable () -> Void = {}
    ) {
        self.onLoss = onLoss
        (self.endpoint, self.configuration, self.context, self.group) = (endpoint, configuration, context, group)
        hub = SubscriptionHub()
        state = Mutex(NodeMachine(connections: configuration.connectionsPerNode))
        connector = RedisConnector(
            endpoint: endpoint, configuration: configuration, time: context.time, group: group.next())
    }

    /// Makes one of the connections for commands; they are spread over the event loops.
    func connector(for slot: Int) -> RedisConnector {
        guard slot > 0 else { return connector }
        return RedisConnector(endpoint: endpoint, configuration: configuration, time: context.time, group: group.next())
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

    /// Ends all connections, since another server stands in this one's place: nothing more is waited for from this one.
    package func abandon() {
        for connection in state.withLock({ $0.ready }) { connection.abandon(.superseded(endpoint)) }
    }

    private func shutDown() {
        for call in state.withLock({ $0.shutDown() }) { call.fail { RedisError.shutDown.with(effect: $0) } }
        hub.finish()
    }

    /// From now on a shutdown waits for hardly anything that is under way: the server answers no more, or not for us.
    func hurry() { isHurried.set() }

    /// How long a shutdown waits for what is under way.
    var grace: Duration { isHurried.isSet ? .milliseconds(100) : configuration.timeouts.shutdown }

    package var limits: RedisConfiguration.Limits { configuration.limits }

    package func hear(_ channel: RedisChannel, _ hearer: @escaping RedisHearer) -> RedisHearing {
        hub.hear(channel, hearer)
    }
}
