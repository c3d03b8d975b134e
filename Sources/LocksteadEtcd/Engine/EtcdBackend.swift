package import Lockstead
import Logging
import Synchronization

/// Locks on an etcd cluster: every act is one transaction, every place in a queue a create revision, every wait a watch.
///
/// What decides is pure (`Queue/`, `Sessions/SessionMachine`, `HoldBook`, `WatchMachine`); this side asks, waits and keeps its promises
/// about deadlines.
package final class EtcdBackend: CountingBackend {
    let engine: EtcdEngine
    let client: EtcdClient
    let naming: LockNaming
    let time: any TimeSource
    let logger: Logger
    let sessions: SessionBook
    let hub: WatchHub
    let life = BackendLife()
    let holds = Mutex(HoldBook())
    /// Rung when a hold's end may come earlier than the one that is waited for.
    let holdsChanged = WakeSignal()
    /// The values written here that are kept for a time.
    let valueEnds = Mutex(ValueEnds())
    /// Rung when the next end may come earlier than the one that is waited for.
    let valueEndsChanged = WakeSignal()
    /// Which requests were sent, as long as something of them may be there.
    let sent = Mutex(SentBook())
    /// How long queues were when they were last seen.
    let lengths = QueueLengths()
    /// Who waits, for the look at all of them.
    let waits = WaitBook()
    let judgement = Judgement()
    let visitors = Visitors()
    let watches = WatchBeginnings()
    private let hasRun = OnceFlag()

    /// Connects to nothing yet.
    ///
    /// - Parameters:
    ///   - engine: The settings.
    ///   - context: The clocks to live by, and where to log.
    /// - Throws: `LockError` with the code `invalidOption` for settings that cannot be meant.
    package init(_ engine: EtcdEngine, context: EngineContext) throws(LockError) {
        try engine.check()
        (self.engine, time, logger) = (engine, context.time, context.logger)
        let client = try EtcdClient(engine.configuration, time: context.time)
        let (hub, naming) = (WatchHub(client), LockNaming(prefix: engine.prefix))
        let openings = SessionOpenings()
        (self.client, self.hub, self.naming) = (client, hub, naming)
        sessions = SessionBook(client) { session, revision in openings.put(session, revision) }
        self.openings = openings
    }

    /// New sessions, whose revocations are to be heard.
    private let openings: SessionOpenings

    /// What it can carry; the guarantee as far as the members' versions are known, and before that as the current ones give it.
    package var capabilities: Capabilities {
        Capabilities(
            engine: "etcd", guarantee: judgement.guarantee, features: Self.features,
            shortestLease: EtcdEngine.shortestLease, longestLease: engine.longestLease, queuesLocally: false)
    }

    private static let features: Capabilities.Features = [
        .shared, .permits, .fair, .severalNames, .maximumHold, .downgrade, .inspect, .list, .changes, .forceRelease,
        .betweenProcesses, .registers,
    ]

    /// Keeps the connections, watches and ends what is not renewed, until the task is cancelled.
    ///
    /// - Throws: `LockError` with the code `invalidOption` where it runs or ran already.
    package func run() async throws {
        guard hasRun.set() else {
            throw LockError(
                .invalidOption, "An etcd engine's backend runs once. Make another one.", effect: .didNotHappen)
        }
        async let connections: Void = client.run()
        await withTaskCancellationHandler {
            await work()
        } onCancel: {
            life.end()
        }
        life.end()
        await visitors.haveLeft(until: time.now.advanced(by: Self.leaveTaking), on: time)
        await sessions.giveBack(until: time.now.advanced(by: Self.leaveTaking))
        client.stop()
        await connections
    }

    /// For so long calls that were under way at the end may still give back what they have.
    private static let leaveTaking = Duration.seconds(2)

    private func work() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.hub.run() }
            group.addTask { await self.endHoldsAtTheirTimes() }
            group.addTask { await self.endValuesAtTheirTimes() }
            group.addTask { await self.lookAtAllWaits() }
            group.addTask { await self.keepSessions(self.openings.stream) }
            for await job in life.jobs { group.addTask { await job() } }
            group.cancelAll()
        }
    }

    package var counts: EngineCounts { EngineCounts(commands: client.callCount) }

    package func notices() -> AsyncStream<BackendNotice> { life.makeNotices() }

    func ensureRunning() throws(LockError) {
        guard life.isOver else { return }
        throw LockError(.shutDown, "The etcd engine was shut down. Open another client.", effect: .didNotHappen)
    }
}

/// Sessions as they are opened.
final class SessionOpenings: Sendable {
    typealias Opening = (session: EtcdSession, revision: Int64)
    let stream: AsyncStream<Opening>
    private let sink: AsyncStream<Opening>.Continuation
    init() { (stream, sink) = AsyncStream.makeStream(of: Opening.self) }
    func put(_ session: EtcdSession, _ revision: Int64) { sink.yield((session, revision)) }
}

// MARK: Calls

extension EtcdBackend {
    /// What the last exchange of a call may take beyond its deadline (L5: 100 ms).
    static let lastWord = Duration.milliseconds(60)

    /// L5 gives a call 100 ms beyond its deadline: enough for one exchange, which a deadline that has come would not leave.
    ///
    /// Once for each call, however many exchanges it has.
    func limit(_ deadline: ContinuousTime) -> ContinuousTime { max(deadline, time.now.advanced(by: Self.lastWord)) }

    /// Asks once of a member that answers; not affected by cancellation of the calling task.
    func ask<Request: EtcdRequest>(
        _ request: Request, until deadline: ContinuousTime, _ urgency: CallGate.Urgency = .urgent
    ) async -> Result<EtcdClient.Answered<Request.Answer>, EtcdError> {
        await shieldedFromCancellation {
            do throws(EtcdError) {
                return .success(try await self.client.ask(request, deadline: deadline, urgency))
            } catch { return .failure(error) }
        }
    }

    /// Asks until there is an answer, whatever happens to the connection, or the deadline passes.
    ///
    /// Not affected by cancellation of the calling task.
    func askPersistently<Request: EtcdRequest>(
        _ request: Request, until deadline: ContinuousTime
    ) async -> Result<EtcdClient.Answered<Request.Answer>, EtcdError> {
        await shieldedFromCancellation { await self.attempts(of: request, deadline) }
    }

    private func attempts<Request: EtcdRequest>(
        of request: Request, _ limit: ContinuousTime
    ) async -> Result<EtcdClient.Answered<Request.Answer>, EtcdError> {
        var (isRepeated, pause) = (false, Duration.milliseconds(20))
        while true {
            do throws(EtcdError) {
                let end = min(limit, time.now.advanced(by: engine.configuration.timeouts.attempt))
                var answered = try await client.ask(request, deadline: end, .urgent)
                answered.isRepeated = answered.isRepeated || isRepeated
                return .success(answered)
            } catch {
                isRepeated = isRepeated || error.effect == .mayHaveHappened
                let next = time.now.advanced(by: pause)
                guard error.maySubside, next < limit, !life.isOver else { return .failure(told(error, isRepeated)) }
                // Shielded: nobody cancels it.
                try? await time.sleep(until: next)
                pause = min(pause * 2, .milliseconds(500))
            }
        }
    }

    private func told(_ error: EtcdError, _ isRepeated: Bool) -> EtcdError {
        var error = error
        if isRepeated { error.effect = .mayHaveHappened }
        return error
    }
}
