import LockCore
import Synchronization

/// The locks of one process: one table of locks, shared by every client that opens this store.
///
/// ``shared`` is the process's own, and what `LockEngine.inProcess` opens; make others to keep sets of locks apart, as tests do.
/// Safe to use from any task. Starts nothing.
public final class InProcessStore: Sendable {
    let time: any TimeSource
    private let state: Mutex<InProcessState>

    /// Makes a store without locks.
    ///
    /// - Parameter time: The clocks that its deadlines and caps follow. All clients of one store live by them.
    public init(time: any TimeSource = SystemTimeSource()) {
        self.time = time
        // RULES 7: higher than the tokens of an earlier run of this program, which a guarded resource may remember.
        let floor = UInt64(clamping: max(1, time.wallClockNanoseconds / 1_000))
        state = Mutex(
            InProcessState(firstToken: min(FencingToken(rawValue: floor), .maximum), at: LogTime(time.now)))
    }

    #if DEBUG
        /// A store whose table makes a mistake, to prove that the conformance suite would notice.
        package convenience init(plantedBug: PlantedBug) {
            self.init()
            state.withLock { $0.plant(plantedBug) }
        }
    #endif

    /// The store of this process.
    public static let shared = InProcessStore()

    /// The one way to the state: changes it under the mutex; then, unlocked, resumes, rings and tells what came of it.
    func update<Result: Sendable>(_ change: (inout InProcessState, LogTime) -> Result) -> Result {
        let now = LogTime(time.now)
        let (result, aftermath) = state.withLock { state in
            let result = change(&state, now)
            return (result, state.takeAftermath())
        }
        if !aftermath.isEmpty { carryOut(aftermath) }
        return result
    }

    /// How often a suspended acquire was resumed: once for each grant, whatever the number of those who wait.
    package var resumptions: Int { state.withLock { $0.resumptions } }

    /// Takes what is free, where nobody need be told of it.
    func acquireUncontended(_ request: LockRequest, for client: InProcessClient.ID) -> FencingToken? {
        let now = LogTime(time.now)
        let session = InProcessClient.session(of: client, lease: request.lease)
        return state.withLock { $0.acquireUncontended(request, session, at: now) }
    }

    /// Frees what nobody awaits, where nobody need be told of it.
    func releaseUncontended(_ grant: Grant, of client: InProcessClient.ID) -> Bool {
        guard grant.names.count == 1 else { return false }
        let session = InProcessClient.session(of: client, lease: grant.lease)
        return state.withLock { $0.releaseUncontended(grant, session) }
    }

    private func carryOut(_ aftermath: Aftermath) {
        for (continuation, result) in aftermath.resumptions { continuation.resume(returning: result) }
        for bell in aftermath.bells { bell.ring() }
        guard aftermath.hasNews else { return }
        while true {
            let news = state.withLock { $0.news.take() }
            guard !news.isEmpty else { return }
            for item in news { item.tell() }
        }
    }
}
