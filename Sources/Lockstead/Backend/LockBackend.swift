public import LockCore

/// What every engine implements.
///
/// `LockClient` is written against this alone; nothing of an engine leaks upward.
///
/// Calls are safe from any task. Each returns within its deadline plus 100 ms (L5), is idempotent by its request id, and says of a
/// failure whether it may have happened. An engine does its background work only inside ``run()``, and constructors start nothing.
public protocol LockBackend: Sendable {
    /// What the engine can carry, and what its grants promise.
    var capabilities: Capabilities { get }

    /// Does the engine's background work (connections, timers, watches) until the task is cancelled. Called once.
    ///
    /// A call made before this one has begun is not refused: it waits for it, within its own deadline, or is served at once. A client
    /// starts its engine in a task and cannot see when that task begins.
    ///
    /// - Throws: What makes the engine unusable; its calls fail from then on.
    func run() async throws

    /// Asks for one grant over all of the request's names, waiting as the request says.
    ///
    /// Cancelling the task withdraws the request; a grant that crosses the cancellation is released, not leaked.
    ///
    /// - Parameter request: What is asked for; its wait is bounded by ``LockRequest/wait``.
    /// - Returns: The grant, or who is in the way once the wait is over.
    /// - Throws: `LockError`: `cancelled` where the task was cancelled, `unsupported` for what the engine cannot carry,
    ///   `wouldDeadlock`, `kindMismatch` and `limitExceeded` as the lock rules have it, `engineUnavailable`, and `indeterminate`
    ///   where the answer was lost.
    func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome

    /// Renews many grants in one go. Never re-creates a lock.
    ///
    /// - Parameters:
    ///   - grants: Live grants of this backend.
    ///   - deadline: When the answer is of no more use.
    /// - Returns: An outcome for each grant, in the same order.
    func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome]

    /// Gives a grant back. Only the grant itself is freed: never a newer one, never another owner's.
    ///
    /// Also acknowledges a revoked grant (RULES 19). Not affected by cancellation of the calling task.
    ///
    /// - Parameters:
    ///   - grant: A grant of this backend, live or not.
    ///   - deadline: When to stop trying.
    /// - Returns: Whether it was still ours.
    /// - Throws: `LockError` with the effect `mayHaveHappened` where the answer was lost; the call may be repeated.
    func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome

    /// Withdraws a request whose answer was lost: afterwards it neither waits nor holds.
    ///
    /// A grant that the request received unnoticed is released. Not affected by cancellation of the calling task.
    ///
    /// - Parameters:
    ///   - request: The request, as it was sent.
    ///   - deadline: When to stop trying.
    /// - Throws: `LockError` with the effect `mayHaveHappened` where the answer was lost; the call may be repeated.
    func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError)

    /// Turns an exclusive grant into a shared one without freeing it in between; the token stays.
    ///
    /// - Parameters:
    ///   - grant: A live exclusive grant of this backend.
    ///   - deadline: When to stop trying.
    /// - Returns: The grant as it is now.
    /// - Throws: `LockError`: `notHeld` where the grant has ended, `unsupported` without ``Capabilities/Features/downgrade``.
    func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant

    /// Hands a held exclusive grant to another request of this client as a *new* grant: one command that proves ownership again and
    /// mints a new token (RULES 9). `nil` where a fair waiter elsewhere comes first; the old grant is then still held.
    ///
    /// Only called where ``Capabilities/Features/handOver`` is declared.
    func handOver(_ grant: Grant, to request: LockRequest) async throws(LockError) -> Grant?

    /// Describes one lock, or `nil` where nobody holds or awaits it.
    ///
    /// - Parameters:
    ///   - name: Which lock.
    ///   - deadline: When to stop trying.
    /// - Returns: The lock as the engine saw it during the call.
    /// - Throws: `LockError`: `unsupported` without ``Capabilities/Features/inspect``, `engineUnavailable`.
    func inspect(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> LockDescription?

    /// Describes the live locks whose names start with `prefix`, in byte order of their names.
    ///
    /// Each lock is described as it was at some moment of the call, not all at the same one.
    ///
    /// - Parameters:
    ///   - prefix: What the names start with, compared byte by byte; empty for all.
    ///   - limit: How many at most.
    ///   - deadline: When to stop trying.
    /// - Returns: The first `limit` of them.
    /// - Throws: `LockError`: `unsupported` without ``Capabilities/Features/list``, `engineUnavailable`.
    func list(prefix: String, limit: Int, deadline: ContinuousTime) async throws(LockError) -> [LockDescription]

    /// What happens to locks whose names start with `prefix`, from now on. Ends when the engine stops.
    ///
    /// A reader that falls behind does not hold up the engine. An engine that has to be asked begins a moment after the call: whatever
    /// this backend reads afterwards (`inspect`, `list`, `load`) is read after the beginning, so that nothing falls between.
    ///
    /// - Parameter prefix: What the names start with, compared byte by byte; empty for all.
    /// - Returns: The changes, in the order in which the engine made them, lock by lock; throws `unsupported` at the first
    ///   reading where the engine cannot tell them.
    func changes(prefix: String) -> AsyncThrowingStream<LockChange, any Error>

    /// Revokes every grant of a name.
    ///
    /// The next grant waits until the holder acknowledged or its lease ran out, then for the lock-delay; with `now` it waits for
    /// neither, which waives S5 for this lock.
    func forceRelease(_ name: LockName, reason: String, now: Bool, deadline: ContinuousTime) async throws(LockError)
        -> ForcedRelease

    /// What the register of a name holds: the small value beside the lock.
    ///
    /// Linearizable where the engine's exclusion is. Changes of a register are among the ``changes(prefix:)``: who watches first and
    /// loads then misses none.
    ///
    /// - Parameters:
    ///   - name: Which register; it shares its name with a lock, and needs none to be held.
    ///   - deadline: When to stop trying.
    /// - Returns: The register; one without a value where nothing is stored.
    /// - Throws: `LockError`: `unsupported` without ``Capabilities/Features/registers``, `engineUnavailable`.
    func load(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> Register

    /// Changes the register of a name, or has it note a token, unless it has seen a newer token (RULES 8).
    ///
    /// Durable before it is answered, where the engine is. May be repeated after a lost answer: the same value under the same token
    /// changes nothing more, not even how long it is kept; and with ``RegisterWrite/after`` a late duplicate cannot undo what came
    /// later. Not affected by cancellation of the calling task.
    ///
    /// - Parameters:
    ///   - write: What is to be changed.
    ///   - deadline: When to stop trying.
    /// - Returns: What came of it.
    /// - Throws: `LockError`: `unsupported` without ``Capabilities/Features/registers``, `limitExceeded` for a value that is too long,
    ///   and with the effect `mayHaveHappened` where the answer was lost.
    func store(_ write: RegisterWrite, deadline: ContinuousTime) async throws(LockError) -> RegisterOutcome

    /// What makes grants doubtful or ends them, from the first call on. One reader: the client.
    func notices() -> AsyncStream<BackendNotice>
}
