import LockCore
import Synchronization

/// The locks of one process: one table of locks, shared by every client that opens this store.
///
/// ``shared`` is the process's own, and what `LockEngine.inProcess` opens; make others to keep sets of locks apart, as tests do.
/// Safe to use from any task. Starts nothing.
public final class InProcessStore: Sendable {
    let time: any TimeSource
    private let state: Mutex<InProcessState>
    /// Whether a client of this store ever stopped: until then nobody need ask which.
    private let someStopped = Atomic(false)
    /// Far from those that are drawn under the mutex.
    private let lastTicket = Atomic<UInt64>(1 << 63)

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
    func acquireUncontended(
        _ request: RequestID, _ owner: OwnerID, _ names: [LockName], _ note: HolderNote, in session: SessionID
    ) -> FencingToken? {
        let now = LogTime(time.now)
        return state.withLock { $0.acquireUncontended(request, owner, names, note, session, at: now) }
    }

    /// Ends a plain grant: frees its name, or lets the first who awaits it have it.
    ///
    /// - Returns: Whether it did; else nothing happened.
    func releaseAtOnce(_ name: LockName, _ token: FencingToken, in session: SessionID) -> Bool {
        var passed: Passed?
        let isOver = state.withLock { state in
            state.releaseUncontended(name, token, session) || passOn(name, token, session, &state, &passed)
        }
        passed?.resume()
        return isOver
    }

    /// A grant on its way to the one who waits for it.
    ///
    /// An object, so that a release that nobody waits for does not carry the room for it.
    private final class Passed {
        private let grant: GrantRecord
        private let waiter: WaitContinuation
        init(_ grant: GrantRecord, to waiter: WaitContinuation) { (self.grant, self.waiter) = (grant, waiter) }
        func resume() { waiter.resume(returning: .granted(grant)) }
    }

    /// Kept apart, so that a release that nobody waits for pays nothing for it, not even the reading of the clock.
    @inline(never)
    private func passOn(
        _ name: LockName, _ token: FencingToken, _ session: SessionID, _ state: inout InProcessState,
        _ passed: inout Passed?
    ) -> Bool {
        guard let (grant, continuation) = state.passOn(name, token, session, at: LogTime(time.now)) else {
            return false
        }
        passed = Passed(grant, to: continuation)
        return true
    }

    /// Lets a plain request wait, or resumes it at once.
    func queue(
        _ request: LockRequest, for client: InProcessClient.ID, ticket: UInt64, _ continuation: WaitContinuation
    ) {
        let session = InProcessClient.session(of: client, lease: request.lease)
        let call = InProcessWaits.Call(ticket: ticket, session: session, continuation: continuation)
        if let result = update({ $0.queue(call, request, at: $1) }) { continuation.resume(returning: result) }
    }

    /// A ticket for a call that has not come to the mutex yet.
    func drawTicket() -> UInt64 { lastTicket.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Whether a client acquires nothing any more.
    func hasStopped(_ client: InProcessClient.ID) -> Bool {
        someStopped.load(ordering: .acquiring) && state.withLock { $0.stopped.contains(client) }
    }

    /// Ends all waits and streams of a client; what it holds stays held.
    func stop(_ client: InProcessClient.ID) {
        someStopped.store(true, ordering: .releasing)
        update { $0.stop(client, at: $1) }
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
