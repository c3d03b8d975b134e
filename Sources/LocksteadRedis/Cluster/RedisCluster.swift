package import Lockstead
import Logging
import RESP
import Synchronization

/// A Redis or Valkey cluster: sends each command to the primary that serves its first key, and follows the cluster's changes.
///
/// Commands that were not carried out, since their slot is elsewhere, moving, or without a primary, are sent again until their deadline;
/// what may have been carried out never is. A primary that does not answer keeps nobody but those who ask for its slots.
package final class RedisCluster: RedisClient {
    typealias Job = @Sendable () async -> Void

    let configuration: RedisConfiguration
    let context: EngineContext
    let state = Mutex(ClusterState())
    /// Rung when the topology is to be looked at.
    let doubted = WakeSignal()
    /// Those who wait for a change of what is known.
    let changes = ClusterChanges()
    let hearings = ClusterHearings()
    /// Calls without a task that need more than one attempt.
    let detoured = DetouredCalls()
    /// Our own questions about the topology.
    let questions = EventCount()
    package let upheavals: AsyncStream<String>
    let upheaval: AsyncStream<String>.Continuation
    private let jobs: AsyncStream<Job>
    private let jobSource: AsyncStream<Job>.Continuation
    private let hasRun = OnceFlag()

    /// Connects to nothing until ``run()`` is called.
    ///
    /// - Parameters:
    ///   - configuration: With the nodes to begin with; the others are asked for.
    ///   - context: The clocks to live by, and where to log.
    package init(_ configuration: RedisConfiguration, context: EngineContext) {
        (self.configuration, self.context) = (configuration, context)
        (jobs, jobSource) = AsyncStream.makeStream(of: Job.self)
        (upheavals, upheaval) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package var limits: RedisConfiguration.Limits { configuration.limits }

    package var commandsWritten: Int {
        let written = state.withLock { state in
            state.members.values.reduce(state.writtenBefore) { $0 + $1.member.node.commandsWritten }
        }
        return max(0, written - questions.value)
    }

    package func run() async {
        guard hasRun.set() else { return context.logger.error("A Redis client runs once") }
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.watchTopology() }
                for await job in jobs { group.addTask { await job() } }
            }
        } onCancel: {
            self.end()
        }
        end()
    }

    private func end() {
        state.withLock { $0.isOver = true }
        jobSource.finish()
        upheaval.finish()
        changes.ring()
        detoured.end()
        hearings.end()
    }

    /// Has the cluster's task group do something; dropped where it runs no more.
    func add(_ job: @escaping Job) { jobSource.yield(job) }

    package func primaries(deadline: ContinuousTime?) async throws(RedisError) -> [any RedisClient] {
        try await awaitMap(until: deadline ?? defaultDeadline)
        return state.withLock { $0.primaries }.map { member(at: $0).node }
    }

    var defaultDeadline: ContinuousTime { context.time.now.advanced(by: configuration.timeouts.command) }

    /// The connections to a node; kept from now on where there were none.
    func member(at endpoint: RedisEndpoint) -> ClusterMember {
        let (member, isNew) = state.withLock { state in
            state.member(at: endpoint, now: context.time.now) {
                RedisNode(endpoint, configuration: configuration, context: context) { [weak self] in
                    self?.lost(endpoint)
                }
            }
        }
        if isNew { add { await member.run() } }
        return member
    }

    /// A server that went may come back without its keys, and one that took its place may lack the last of them.
    private func lost(_ endpoint: RedisEndpoint) {
        guard state.withLock({ !$0.isOver && $0.primaries.contains(endpoint) }) else { return }
        upheaval.yield("the connection to \(endpoint) was lost")
        doubted.ring()
    }
}
