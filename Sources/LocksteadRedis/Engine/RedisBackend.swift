package import Lockstead
import Logging
import RESP
import Synchronization

/// Locks on one Redis or Valkey server: every act is one script, waiters are told on a channel of their client's own.
///
/// Everything that decides is in the scripts, in the server's time; this side sends, waits and keeps its promises about deadlines.
package final class RedisBackend: CountingBackend {
    package let capabilities: Capabilities
    let engine: RedisEngine
    let client: any RedisClient
    let naming: LockNaming
    let time: any TimeSource
    let logger: Logger
    /// Where revocations for this client are told, and on one server hand-overs.
    let channel: String
    private let identifier: OwnerID
    let wakes = Wakes()
    let life = BackendLife()
    let verdict = VerdictKeeper()
    let unknownReleases = UnknownReleases()
    let watches = WatchBeginnings()
    /// Where hand-overs are told in a cluster.
    let shards = ShardHearings()
    private let hasRun = OnceFlag()

    /// Connects to nothing yet.
    ///
    /// - Parameters:
    ///   - engine: The settings.
    ///   - client: What carries the scripts to the server.
    ///   - context: The clocks to live by, and where to log.
    /// - Throws: `LockError` with the code `invalidOption` for settings that cannot be meant.
    package init(_ engine: RedisEngine, client: any RedisClient, context: EngineContext) throws(LockError) {
        try engine.check()
        (self.engine, self.client, time, logger) = (engine, client, context.time, context.logger)
        naming = LockNaming(prefix: engine.prefix)
        var generator = SystemRandomNumberGenerator()
        identifier = OwnerID.random(using: &generator)
        channel = "lockstead:wake:\(identifier)"
        var features: Capabilities.Features = [
            .shared, .permits, .barging, .severalNames, .lockDelay, .minimumHold, .maximumHold, .downgrade, .handOver,
            .inspect, .list, .changes, .forceRelease, .betweenProcesses, .registers,
        ]
        // Of several servers none can take names for all; the client takes them one after the other.
        if engine.topology == .cluster { features.remove(.severalNames) }
        if engine.sharing == .lockstead { features.formUnion([.fair, .priority]) }
        capabilities = Capabilities(
            engine: "redis", guarantee: Self.guarantee, features: features, shortestLease: RedisEngine.shortestLease,
            longestLease: engine.longestLease, queuesLocally: true)
    }

    /// RULES 18: whatever the server is told to keep, a restart, a failover or a stepped clock may break it.
    static let guarantee = Guarantee(exclusion: .advisory, scope: .cluster, fencing: .advisory)

    /// Keeps the connections and listens, until the task is cancelled.
    ///
    /// - Throws: `LockError` with the code `invalidOption` where it runs or ran already.
    package func run() async throws {
        guard hasRun.set() else {
            throw LockError(
                .invalidOption, "A Redis engine's backend runs once. Make another one.", effect: .didNotHappen)
        }
        let hearing = listen()
        defer {
            hearing.cancel()
            shards.end()
            life.end()
        }
        await withDiscardingTaskGroup { group in
            group.addTask { await self.client.run() }
            group.addTask { await self.endHoldsAtTheirLimits() }
            group.addTask { await self.followUpheavals() }
            for await job in life.jobs { group.addTask { await job() } }
            group.cancelAll()
        }
    }

    /// Where this client's waiters in a slot of a cluster are told of hand-overs.
    func shardChannel(of slot: ClusterSlot) -> String { "lockstead:shard:\(identifier):{\(slot.tag)}" }

    package var counts: EngineCounts { EngineCounts(commands: client.commandsWritten) }

    package func notices() -> AsyncStream<BackendNotice> { life.makeNotices() }

    func ensureRunning() throws(LockError) {
        guard life.isOver else { return }
        throw LockError(.shutDown, "The Redis engine was shut down. Open another client.", effect: .didNotHappen)
    }
}

// MARK: Calls

extension RedisBackend {
    /// A script's call for names, with what all scripts take first.
    func call(_ script: RedisScript, _ keys: [LockKeys], capacity: Int = 96) -> RedisScriptCall {
        var call = script.call(keys: keys.flatMap(\.scriptKeys), capacity: capacity)
        call.append(engine.configuration.database)
        return call
    }

    /// The same for scripts that may free a name.
    func freeingCall(_ script: RedisScript, _ keys: [LockKeys]) -> RedisScriptCall {
        var call = call(script, keys)
        call.append(engine.sharing == .foreign ? "foreign" : "fair")
        return call
    }

    func keys(of names: [LockName]) throws(LockError) -> [LockKeys] {
        var keys: [LockKeys] = []
        for name in names { keys.append(try naming.keys(of: name)) }
        return keys
    }

    /// L5 gives a call 100 ms beyond its deadline: enough for one exchange, which a deadline that has come would not leave.
    func limit(_ deadline: ContinuousTime) -> ContinuousTime { max(deadline, time.now.advanced(by: Self.lastWord)) }

    /// Runs a script once.
    ///
    /// Not affected by cancellation of the calling task: whoever reads looks at that itself, and an answer is there soon.
    func answer(to call: RedisScriptCall, _ deadline: ContinuousTime) async throws(LockError) -> RESPValue {
        let limit = limit(deadline)
        return try await shieldedFromCancellation { () -> Result<RESPValue, LockError> in
            do throws(RedisError) {
                let answer = try await self.client.run(call, deadline: limit)
                return self.unconfirmed(.mayHaveHappened).map { .failure(LockError($0)) } ?? .success(answer)
            } catch {
                return .failure(LockError(error))
            }
        }.get()
    }

    /// Runs a script until it is answered, whatever happens to the connection, or the deadline passes.
    ///
    /// Only for scripts that do the same when they are run again. Not affected by cancellation of the calling task.
    ///
    /// - Returns: The answer, and whether an earlier attempt may have been carried out too.
    func runPersistently(
        _ call: RedisScriptCall, until deadline: ContinuousTime
    ) async throws(LockError) -> (answer: RESPValue, isRepeated: Bool) {
        try await shieldedFromCancellation { await self.attempts(of: call, until: self.limit(deadline)) }.get()
    }

    private func attempts(
        of call: RedisScriptCall, until deadline: ContinuousTime
    ) async -> Result<(answer: RESPValue, isRepeated: Bool), LockError> {
        var (mayBeDone, pause) = (false, Duration.milliseconds(10))
        while true {
            do throws(RedisError) {
                let answer = try await client.run(call, deadline: deadline)
                if let error = unconfirmed(.mayHaveHappened) { throw error }
                return .success((answer, mayBeDone))
            } catch {
                mayBeDone = mayBeDone || error.effect == .mayHaveHappened
                let next = time.now.advanced(by: pause)
                guard error.maySubside, next < deadline, !life.isOver else {
                    var failure = LockError(error)
                    if mayBeDone { failure.effect = .mayHaveHappened }
                    return .failure(failure)
                }
                // Nobody cancels the task this runs in.
                _ = try? await time.sleep(until: next)
                pause = min(pause * 2, .milliseconds(250))
            }
        }
    }
}

extension Duration {
    /// Whole milliseconds, rounded up: the server must not end anything sooner than was promised.
    var millisecondsUp: Int64 {
        let (seconds, attoseconds) = components
        let part = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        return overflow ? .max : product + part
    }
}
