package import Lockstead
import Logging
package import NIOPosix
import RESP
import Synchronization

/// The primary that a majority of its sentinels names, whichever server that is at the moment.
package final class SentinelClient: RedisClient {
    /// The server that commands go to.
    struct Primary: Sendable {
        let endpoint: RedisEndpoint
        let node: RedisNode
        /// When it took the place of another one; `nil` where it was the first.
        let replacedAt: ContinuousTime?
        /// Whether the server says itself that it is a primary.
        let isReady = OnceFlag()
        /// Ends its connections.
        let end = OnceFlag()
        let ended = WakeSignal()
    }

    struct State: Sendable {
        var machine: SentinelMachine
        var primary: Primary?
        /// What was written to servers that are no primaries any more.
        var retired = 0
        var watched: Set<RedisEndpoint> = []
        /// Each has a sentinel asked at once.
        var polls: [RedisEndpoint: WakeSignal] = [:]
        var listeners: [UInt64: MovingListener] = [:]
        var waiting: [UInt64: WakeSignal] = [:]
        var nextTicket: UInt64 = 0
        var isInDoubt = false
        var isShutDown = false
    }

    let settings: SentinelSettings
    let configuration: RedisConfiguration
    let context: EngineContext
    let group: MultiThreadedEventLoopGroup
    /// A sentinel that others told us of, and that is silent for so long, is asked no more until they do again.
    let patience: Duration
    let state: Mutex<State>
    package let upheavals: AsyncStream<String>
    let upheaval: AsyncStream<String>.Continuation
    /// Run by the client's own task group.
    let jobs: AsyncStream<@Sendable () async -> Void>
    let addJob: AsyncStream<@Sendable () async -> Void>.Continuation
    private let hasRun = OnceFlag()

    /// Connects to nothing until ``run()`` is called.
    ///
    /// - Parameters:
    ///   - settings: Which primary.
    ///   - configuration: The sentinels as endpoints, and how to reach the servers that they name.
    ///   - context: The clocks to live by, and where to log.
    ///   - group: The event loops.
    ///   - patience: For how long a sentinel that was found may be silent before it is looked for anew.
    package init(
        _ settings: SentinelSettings, configuration: RedisConfiguration, context: EngineContext,
        group: MultiThreadedEventLoopGroup = .singleton, patience: Duration = SentinelMachine.remembered
    ) {
        (self.settings, self.configuration, self.context, self.group) = (settings, configuration, context, group)
        self.patience = patience
        state = Mutex(State(machine: SentinelMachine(configured: configuration.endpoints.count)))
        // One word is enough: whoever is told looks at everything.
        (upheavals, upheaval) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(4))
        (jobs, addJob) = AsyncStream.makeStream()
    }

    package var limits: RedisConfiguration.Limits { configuration.limits }

    package var commandsWritten: Int {
        state.withLock { $0.retired + ($0.primary?.node.commandsWritten ?? 0) }
    }

    /// Which server is the primary, as far as is known.
    package var primaryEndpoint: RedisEndpoint? { state.withLock { $0.primary?.endpoint } }

    package var doubt: String? {
        let now = context.time.now
        return state.withLock { state in
            state.primary.flatMap { state.machine.doubt(about: $0.endpoint, at: now) }
        }
    }

    /// Watches the sentinels and keeps the connections until the task is cancelled.
    package func run() async {
        guard hasRun.set() else {
            return context.logger.error("A Sentinel client runs once", metadata: ["primary": "\(settings.primaryName)"])
        }
        for endpoint in configuration.endpoints { watch(endpoint, isConfigured: true) }
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                for await job in jobs { group.addTask { await job() } }
            }
        } onCancel: {
            shutDown()
        }
        shutDown()
    }

    private func shutDown() {
        let (primary, listeners, waiting) = state.withLock { state in
            state.isShutDown = true
            defer { state.listeners = [:] }
            return (state.primary, state.listeners.values.map(\.self), state.waiting.values.map(\.self))
        }
        addJob.finish()
        upheaval.finish()
        primary?.stop()
        for listener in listeners { listener.finish() }
        for signal in waiting { signal.ring() }
    }
}

extension SentinelClient.Primary {
    func stop() {
        end.set()
        ended.ring()
    }
}
