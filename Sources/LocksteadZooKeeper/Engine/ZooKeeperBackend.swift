import Jute
package import Lockstead
import Synchronization

/// Locks on a ZooKeeper ensemble: every place in a queue is a node that ends with its session, every wait a watch.
///
/// What decides is pure (`Queue/`, `Sessions/SessionMachine`, `HoldBook`); this side asks, waits and keeps its promises about deadlines.
package final class ZooKeeperBackend: CountingBackend {
    let engine: ZooKeeperEngine
    let naming: LockNaming
    let time: any TimeSource
    let sessions: SessionBook
    let life = BackendLife()
    let holds = Mutex(HoldBook())
    /// Rung when a hold's end may come earlier than the one that is waited for.
    let holdsChanged = WakeSignal()
    /// Which requests were sent, as long as something of them may be there.
    let sent = Mutex(SentBook())
    /// The values written here that are kept for a time.
    let registerEnds = Mutex(RegisterEnds())
    /// Rung when the next end may come earlier than the one that is waited for.
    let registerEndsChanged = WakeSignal()
    let serverClock = Mutex(ServerClock())
    let placing = PlacingBook()
    let visitors = Visitors()
    let watches = WatchBeginnings()
    private let commands: Tally
    private let hasRun = OnceFlag()

    /// Connects to nothing yet.
    ///
    /// - Parameters:
    ///   - engine: The settings.
    ///   - context: The clocks to live by, and where to log.
    /// - Throws: `LockError` with the code `invalidOption` for settings that cannot be meant.
    package init(_ engine: ZooKeeperEngine, context: EngineContext) throws(LockError) {
        try engine.check()
        (self.engine, time) = (engine, context.time)
        naming = LockNaming(chroot: engine.configuration.chroot, prefix: engine.prefix)
        let (time, events, naming, commands) = (context.time, SessionEvents(), naming, Tally())
        let servers = ServerList(engine.configuration.endpoints)
        (self.events, self.commands) = (events, commands)
        sessions = SessionBook(time: time) { lease, takesAny in
            ZooKeeperSession(
                lease: lease, lag: engine.lag(of: lease), engine.configuration, servers: servers, time: time,
                takesAnyTimeout: takesAny, naming: naming, counting: commands
            ) { events.put($0, $1) }
        }
    }

    /// What sessions tell of themselves.
    private let events: SessionEvents

    /// What it can carry.
    package var capabilities: Capabilities {
        Capabilities(
            engine: "zookeeper", guarantee: Self.guarantee, features: Self.features,
            shortestLease: engine.tickTime.map { $0 * 2 } ?? ZooKeeperEngine.shortestLease,
            longestLease: engine.longest, queuesLocally: false)
    }

    static let guarantee = Guarantee(exclusion: .linearizable, scope: .cluster, fencing: .monotonic)

    private static let features: Capabilities.Features = [
        .shared, .permits, .fair, .severalNames, .maximumHold, .inspect, .list, .changes, .forceRelease,
        .betweenProcesses, .registers,
    ]

    /// Keeps the sessions, and ends what is not renewed, until the task is cancelled.
    ///
    /// - Throws: `LockError` with the code `invalidOption` where it runs or ran already.
    package func run() async throws {
        guard hasRun.set() else {
            throw LockError(
                .invalidOption, "A ZooKeeper engine's backend runs once. Make another one.", effect: .didNotHappen)
        }
        await withTaskCancellationHandler {
            await work()
        } onCancel: {
            life.end()
        }
        life.end()
    }

    /// For so long calls that were under way at the end may still give back what they have.
    private static let leaveTaking = Duration.seconds(2)

    private func work() async {
        // Owned by this and awaited at its end: the engine's cancellation must leave it time to have nodes given back.
        let keeper = Task { await self.keepSessions() }
        await withDiscardingTaskGroup { group in
            group.addTask { await self.endHoldsAtTheirTimes() }
            group.addTask { await self.endValuesAtTheirTimes() }
            group.addTask { await self.hearSessions(self.events.stream) }
            for await job in life.jobs { group.addTask { await job() } }
            group.cancelAll()
        }
        await visitors.haveLeft(until: time.now.advanced(by: Self.leaveTaking), on: time)
        keeper.cancel()
        await keeper.value
    }

    /// Each session has a task of its own.
    private func keepSessions() async {
        await withDiscardingTaskGroup { group in
            for await session in sessions.openings {
                group.addTask { await session.run() }
                group.addTask { await self.hearOrders(to: session) }
            }
        }
    }

    package var counts: EngineCounts { EngineCounts(commands: commands.value) }

    package func notices() -> AsyncStream<BackendNotice> { life.makeNotices() }

    func ensureRunning() throws(LockError) {
        guard life.isOver else { return }
        throw LockError(.shutDown, "The ZooKeeper engine was shut down. Open another client.", effect: .didNotHappen)
    }
}

/// What sessions tell of themselves, in order.
final class SessionEvents: Sendable {
    typealias Told = (session: ZooKeeperSession, event: ZooKeeperSession.Event)
    let stream: AsyncStream<Told>
    private let sink: AsyncStream<Told>.Continuation
    init() { (stream, sink) = AsyncStream.makeStream(of: Told.self) }
    func put(_ session: ZooKeeperSession, _ event: ZooKeeperSession.Event) { sink.yield((session, event)) }
}

// MARK: Calls

extension ZooKeeperBackend {
    /// What the last exchange of a call may take beyond its deadline (L5: 100 ms).
    static let lastWord = Duration.milliseconds(60)

    /// L5 gives a call 100 ms beyond its deadline: enough for one exchange, which a deadline that has come would not leave.
    ///
    /// Once for each call, however many exchanges it has.
    func limit(_ deadline: ContinuousTime) -> ContinuousTime { max(deadline, time.now.advanced(by: Self.lastWord)) }

    /// One attempt of a call that is repeated until it has an answer.
    private static let attempt = Duration.seconds(3)

    /// When a call without a deadline of its own gives up.
    var patience: ContinuousTime { time.now.advanced(by: engine.configuration.timeouts.call) }

    /// A cancellation shortens it.
    func pause(_ span: Duration) async { _ = try? await time.sleep(until: time.now.advanced(by: span)) }

    /// Asks once; not affected by cancellation of the calling task.
    func ask(
        _ operation: ZKOperation, of session: ZooKeeperSession, until deadline: ContinuousTime
    ) async -> ZKCall.Answer {
        await shieldedFromCancellation {
            do throws(ZooKeeperError) { return .success(try await session.ask(operation, until: deadline)) } catch {
                return .failure(error)
            }
        }
    }

    /// Asks until there is an answer, whatever happens to the connection, or the deadline passes.
    ///
    /// Not affected by cancellation of the calling task.
    ///
    /// - Returns: The answer, and whether an earlier attempt may have been carried out too.
    func askPersistently(
        _ operation: ZKOperation, of session: ZooKeeperSession, until deadline: ContinuousTime
    ) async -> (answer: ZKCall.Answer, isRepeated: Bool) {
        await shieldedFromCancellation {
            var isRepeated = false
            while true {
                do throws(ZooKeeperError) {
                    let end = min(deadline, self.time.now.advanced(by: Self.attempt))
                    return (.success(try await session.ask(operation, until: end)), isRepeated)
                } catch {
                    let isDoubtful = isRepeated || error.effect == .mayHaveHappened
                    let mayGoOn = error.maySubside && self.time.now < deadline && !session.isOver && !self.life.isOver
                    guard mayGoOn else {
                        let isOpen = isDoubtful && (error.maySubside || error.code == .sessionExpired)
                        return (.failure(isOpen ? error.with(effect: .mayHaveHappened) : error), isRepeated)
                    }
                    isRepeated = isDoubtful
                    // The session goes on at another server; until then the next attempt waits by itself.
                    await self.pause(.milliseconds(10))
                }
            }
        }
    }

    /// A session for what needs no lease of its own, as long as the body runs.
    ///
    /// - Parameters:
    ///   - isWalk: Whether much is read: renewals are not to stand behind that.
    ///   - body: Has the session.
    /// - Returns: What the body returned.
    /// - Throws: What the body threw, and `LockError` with the code `shutDown` after the engine's end.
    func withSession<Value>(
        isWalk: Bool = false, _ body: (ZooKeeperSession) async throws(LockError) -> Value
    ) async throws(LockError) -> Value {
        try ensureRunning()
        let session = sessions.any(alone: isWalk)
        defer { session.leave() }
        return try await ZKCall.$isShielded.withValue(true) { await Result(catching: body, session) }.get()
    }

    /// As ``withSession(isWalk:_:)``, and begun anew where a server is lost on the way: for what changes nothing until it is asked to.
    ///
    /// - Parameters:
    ///   - isWalk: Whether much is read.
    ///   - deadline: When no other attempt begins.
    ///   - body: Has the session; throws with the effect `mayHaveHappened` what must not be done again.
    /// - Returns: What the body returned.
    /// - Throws: As ``withSession(isWalk:_:)``.
    func persistently<Value>(
        isWalk: Bool = false, until deadline: ContinuousTime,
        _ body: (ZooKeeperSession) async throws(LockError) -> Value
    ) async throws(LockError) -> Value {
        var loss: LockError?
        while true {
            do throws(LockError) { return try await withSession(isWalk: isWalk, body) } catch {
                let isHarmless = error.effect == .didNotHappen && error.isOfLostServer
                guard isHarmless, time.now < deadline, !Task.isCancelled else {
                    // That a server was lost says more than that the time for another one was too short.
                    throw error.isOfTime ? loss?.with(effect: error.effect) ?? error : error
                }
                loss = error
                await pause(min(Self.pauseOfReaders, time.now.duration(to: deadline)))
            }
        }
    }

    private static let pauseOfReaders = Duration.milliseconds(20)

    /// The lock itself was not asked for.
    static func notAsked(_ error: ZooKeeperError) -> LockError { LockError(error.with(effect: .didNotHappen)) }
}

extension Result where Failure == LockError {
    /// What becomes of a body that is given a session: one that throws so cannot pass where errors lose their type.
    fileprivate init(
        catching body: (ZooKeeperSession) async throws(LockError) -> Success, _ session: ZooKeeperSession
    ) async {
        do throws(LockError) { self = .success(try await body(session)) } catch { self = .failure(error) }
    }
}
