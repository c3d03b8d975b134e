#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
package import LockCore
internal import Synchronization

/// The file engine (RULES 27–28): one state file per name, changed under a short kernel lock; one lifeline per request, kept locked by
/// the process that lives by it.
///
/// All waiting is for inotify events and timers; all file work is on queues of its own. It has no connection that could break: every
/// answer is of this moment.
package final class FileBackend: CountingBackend {
    package static let shortestLease = Duration.seconds(1)
    /// How long to try for a state lock where the caller names no deadline.
    ///
    /// It is held for milliseconds.
    static let patience = TimeSpan.seconds(2)

    package let capabilities: Capabilities
    /// How often a file's event woke one of this engine's waiters: what R31 bounds.
    package var wakeUps: Int { wakeUpCount.load(ordering: .relaxed) }
    /// One sync for each state that was changed or had to be proven durable.
    package var counts: EngineCounts { EngineCounts(syncs: store.syncs.value) }
    let wakeUpCount = Atomic(0)
    let store: StateStore
    let worker: FileWorker
    let notifier: FileNotifier
    let time: any TimeSource
    let lives = Mutex(Lives())
    private let end = WakeSignal()

    /// Makes the folder where needed and judges it; starts nothing.
    ///
    /// - Parameters:
    ///   - engine: The folder and its settings.
    ///   - context: The clocks to live by.
    ///   - isWatching: False to live by fallback timers alone, as where the system cannot watch files.
    /// - Throws: `LockError` as ``FileEngine`` tells.
    package init(_ engine: FileEngine, _ context: EngineContext, isWatching: Bool = true) throws(LockError) {
        let folder = try engine.prepare()
        let boot: BootIdentity
        do throws(SystemError) { boot = try BootIdentity.current() } catch { throw error.lockError() }
        time = context.time
        notifier = FileNotifier(isEnabled: isWatching)
        store = StateStore(folder: folder, boot: boot, time: time, longestLease: engine.longestLease)
        worker = FileWorker(time: time)
        capabilities = Capabilities(
            engine: "file", guarantee: Self.guarantee,
            features: [
                .shared, .permits, .fair, .barging, .lockDelay, .minimumHold, .maximumHold, .priority, .downgrade,
                .handOver, .inspect, .list, .changes, .forceRelease, .betweenProcesses, .registers,
            ],
            shortestLease: Self.shortestLease, longestLease: engine.longestLease, queuesLocally: true)
    }

    static let guarantee = Guarantee(exclusion: .linearizable, scope: .host, fencing: .monotonic)

    /// Waits for its end, and then ends all waits and streams.
    ///
    /// What is held stays held until its release.
    package func run() async throws {
        defer { shutDown() }
        // It ends by cancellation, which is no error.
        _ = try? await end.sleep(until: nil, on: time)
    }

    private func shutDown() {
        let (signals, notices, readers) = lives.withLock { $0.end() }
        for signal in signals + readers { signal.ring() }
        notices?.finish()
    }

    /// What makes grants doubtful or ends them.
    ///
    /// This engine is never in doubt; it tells of revocations and of removed files.
    package func notices() -> AsyncStream<BackendNotice> {
        let (stream, continuation) = AsyncStream.makeStream(of: BackendNotice.self)
        let isOver = lives.withLock { lives in
            if !lives.isOver { lives.notices = continuation }
            return lives.isOver
        }
        if isOver { continuation.finish() }
        return stream
    }

    func ensureRunning() throws(LockError) {
        guard lives.withLock({ $0.isOver }) else { return }
        throw LockError(.shutDown, "The file engine was shut down. Open another client.", effect: .didNotHappen)
    }

    /// The error of a state lock that did not come free.
    func stuck(_ key: NameKey, effect: LockError.Effect = .didNotHappen) -> LockError {
        let path = store.folder.path(of: key.stateFile)
        return LockError(
            .engineUnavailable,
            "Another process keeps the state of \"\(key.name)\" locked, which should take a millisecond; it may be stopped. "
                + "Find it with `fuser \(path)` and continue or end it.", effect: effect)
    }
}

extension FileBackend: LifelineBackend {
    package func lifeline(of grant: Grant) -> CInt? {
        lives.withLock { $0.byRequest[grant.request]?.lifeline.descriptor }
    }
}
