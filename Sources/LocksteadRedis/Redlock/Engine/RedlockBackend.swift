package import Lockstead
import Logging
import RESP
import Synchronization

/// Locks that a majority of independent servers grants: each act is one script on all of them at once.
///
/// What decides is in the scripts (one node) and in the round machines (all of them); this side sends, waits and keeps its promises about
/// deadlines.
package final class RedlockBackend: CountingBackend {
    package let capabilities: Capabilities
    let engine: RedlockEngine
    let nodes: [RedlockNode]
    let quorum: Quorum
    let naming: LockNaming
    let time: any TimeSource
    let logger: Logger
    /// Where wake-ups and revocations for this client are told, on every node.
    let channel: String
    let life = BackendLife()
    let gate = RequestGate()
    let holdings = Holdings()
    /// Rung whenever a node's standing changes.
    let standings = StandingBell()
    let knowledge: Mutex<Knowledge>
    /// Whether the nodes have had their time to be there at the first use.
    let hasBegun = OnceFlag()
    /// Whether what was missed is about to be told.
    let isTellingGap = Atomic(false)
    private let hasRun = OnceFlag()

    /// What is known of the nodes' clocks and memories.
    struct Knowledge: Sendable {
        var clock: TokenClock
        var memory: NodeMemory
    }

    /// RULES 18: a majority of nodes has to keep its memory and its clocks.
    static let guarantee = Guarantee(exclusion: .quorum, scope: .cluster, fencing: .advisory)

    /// Connects to nothing yet.
    ///
    /// - Parameters:
    ///   - engine: The settings.
    ///   - clients: What carries the scripts to each of the endpoints, in their order.
    ///   - context: The clocks to live by, and where to log.
    /// - Throws: `LockError` with the code `invalidOption` for settings that cannot be meant.
    package init(
        _ engine: RedlockEngine, clients: [any RedisClient], context: EngineContext
    ) throws(LockError) {
        try engine.check()
        var nodes: [RedlockNode] = []
        for (index, (endpoint, client)) in zip(engine.configuration.endpoints, clients).enumerated() {
            nodes.append(try RedlockNode(index, endpoint, client: client, engine: engine, context: context))
        }
        (self.engine, self.nodes, quorum) = (engine, nodes, Quorum(nodes: nodes.count))
        (time, logger, naming) = (context.time, context.logger, LockNaming(prefix: engine.prefix))
        var generator = SystemRandomNumberGenerator()
        channel = "lockstead:wake:" + OwnerID.random(using: &generator).description
        knowledge = Mutex(
            Knowledge(
                clock: TokenClock(nodes: nodes.count),
                memory: NodeMemory(
                    nodes: nodes.count, quarantine: TimeSpan(engine.quarantine ?? engine.longestLease))))
        capabilities = Capabilities(
            engine: "redlock", guarantee: Self.guarantee,
            features: [
                .barging, .lockDelay, .minimumHold, .maximumHold, .inspect, .list, .forceRelease, .betweenProcesses,
            ], shortestLease: RedisEngine.shortestLease, longestLease: engine.longestLease, queuesLocally: true)
    }

    /// Keeps the connections and listens, until the task is cancelled.
    ///
    /// - Throws: `LockError` with the code `invalidOption` where it runs or ran already.
    package func run() async throws {
        guard hasRun.set() else {
            throw LockError(
                .invalidOption, "A Redlock engine's backend runs once. Make another one.", effect: .didNotHappen)
        }
        defer { end() }
        await withDiscardingTaskGroup { group in
            for node in nodes {
                group.addTask { await node.client.run() }
                group.addTask { await self.listen(to: node) }
                group.addTask { await self.keep(node) }
            }
            group.addTask { await self.endHoldsAtTheirLimits() }
            for await job in life.jobs { group.addTask { await job() } }
            group.cancelAll()
        }
    }

    private func end() {
        life.end()
        gate.ringAll()
        standings.ring()
    }

    package var counts: EngineCounts {
        EngineCounts(commands: nodes.reduce(0) { $0 + $1.client.commandsWritten })
    }

    package func notices() -> AsyncStream<BackendNotice> { life.makeNotices() }

    func ensureRunning() throws(LockError) {
        guard life.isOver else { return }
        throw LockError(.shutDown, "The Redlock engine was shut down. Open another client.", effect: .didNotHappen)
    }
}

/// Tells everybody who waits for the nodes that something about them changed.
final class StandingBell: Sendable {
    private let waiting = Mutex<[ObjectIdentifier: WakeSignal]>([:])

    func add(_ signal: WakeSignal) { waiting.withLock { $0[ObjectIdentifier(signal)] = signal } }
    func remove(_ signal: WakeSignal) { waiting.withLock { $0[ObjectIdentifier(signal)] = nil } }

    func ring() {
        for signal in waiting.withLock({ Array($0.values) }) { signal.ring() }
    }
}
