public import Lockstead
import Synchronization

/// The way between a ``FaultyBackend`` and its engine, which a test cuts and mends.
public final class Cable: Sendable {
    private struct State {
        var isCut = false
        var answersToLose = 0
    }

    private let state = Mutex(State())

    /// Makes a cable that carries everything.
    public init() {}

    /// From now on no call reaches the engine.
    public func cut() { state.withLock { $0.isCut = true } }

    /// Ends a ``cut()``.
    public func mend() { state.withLock { $0.isCut = false } }

    /// Lets the next calls reach the engine and loses their answers, so that their callers cannot know what happened.
    ///
    /// - Parameter count: How many answers to lose, on top of those that are still to be lost.
    public func loseAnswers(_ count: Int) { state.withLock { $0.answersToLose += count } }

    /// Loses no more answers.
    public func mendAnswers() { state.withLock { $0.answersToLose = 0 } }

    fileprivate var isCut: Bool { state.withLock { $0.isCut } }

    /// Whether the answer that just came is to be lost; also where the cable was cut meanwhile.
    fileprivate func losesAnswer() -> Bool {
        state.withLock { state in
            guard !state.isCut else { return true }
            guard state.answersToLose > 0 else { return false }
            state.answersToLose -= 1
            return true
        }
    }
}

/// Any engine behind a ``Cable``: calls fail as they do on a network, while the engine itself stays as it is.
///
/// A call that does not reach the engine fails with `engineUnavailable` and did not happen; one whose answer is lost fails with
/// `indeterminate` and may have happened.
public struct FaultyBackend: LockBackend {
    private let backend: any LockBackend
    private let cable: Cable

    /// Puts an engine behind a cable.
    ///
    /// - Parameters:
    ///   - backend: The engine.
    ///   - cable: The way to it.
    public init(_ backend: any LockBackend, on cable: Cable) { (self.backend, self.cable) = (backend, cable) }

    /// What the engine can carry.
    public var capabilities: Capabilities { backend.capabilities }

    /// Runs the engine, cut or not.
    ///
    /// - Throws: What the engine throws.
    public func run() async throws { try await backend.run() }

    /// Asks the engine, unless the cable is cut.
    ///
    /// - Parameter request: What is asked for.
    /// - Returns: The engine's answer, unless it is lost.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        try await call { () async throws(LockError) in try await backend.acquire(request) }
    }

    /// Renews, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - grants: Which grants.
    ///   - deadline: When the answer is of no more use.
    /// - Returns: The engine's outcomes, or `unknown` for each.
    public func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        guard !cable.isCut else { return grants.map { _ in .unknown(.cableCut) } }
        let outcomes = await backend.renew(grants, deadline: deadline)
        return cable.losesAnswer() ? grants.map { _ in .unknown(.answerLost) } : outcomes
    }

    /// Releases, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - grant: Which grant.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer, unless it is lost.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        try await call { () async throws(LockError) in try await backend.release(grant, deadline: deadline) }
    }

    /// Withdraws, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - request: Which request.
    ///   - deadline: When to stop trying.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {
        try await call { () async throws(LockError) in try await backend.cancel(request, deadline: deadline) }
    }

    /// Downgrades, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - grant: Which grant.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer, unless it is lost.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant {
        try await call { () async throws(LockError) in try await backend.downgrade(grant, deadline: deadline) }
    }

    /// Hands over, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - grant: Which grant.
    ///   - request: To which request.
    /// - Returns: The engine's answer, unless it is lost.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func handOver(_ grant: Grant, to request: LockRequest) async throws(LockError) -> Grant? {
        try await call { () async throws(LockError) in try await backend.handOver(grant, to: request) }
    }

    /// Describes one lock, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - name: Which lock.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func inspect(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> LockDescription? {
        try await call { () async throws(LockError) in try await backend.inspect(name, deadline: deadline) }
    }

    /// Describes many locks, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - prefix: What the names start with.
    ///   - limit: How many at most.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func list(prefix: String, limit: Int, deadline: ContinuousTime) async throws(LockError)
        -> [LockDescription]
    {
        try await call { () async throws(LockError) in
            try await backend.list(prefix: prefix, limit: limit, deadline: deadline)
        }
    }

    /// What the engine tells; a cut does not end it.
    ///
    /// - Parameter prefix: What the names start with.
    /// - Returns: The engine's changes.
    public func changes(prefix: String) -> AsyncThrowingStream<LockChange, any Error> {
        backend.changes(prefix: prefix)
    }

    /// Revokes, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - name: Which lock.
    ///   - reason: What the holders are told.
    ///   - now: Whether to free it at once.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer, unless it is lost.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func forceRelease(_ name: LockName, reason: String, now: Bool, deadline: ContinuousTime)
        async throws(LockError) -> ForcedRelease
    {
        try await call { () async throws(LockError) in
            try await backend.forceRelease(name, reason: reason, now: now, deadline: deadline)
        }
    }

    /// Loads a register, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - name: Which register.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func load(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> Register {
        try await call { () async throws(LockError) in try await backend.load(name, deadline: deadline) }
    }

    /// Changes a register, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - write: What is to be changed.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer, unless it is lost.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func store(_ write: RegisterWrite, deadline: ContinuousTime) async throws(LockError) -> RegisterOutcome {
        try await call { () async throws(LockError) in try await backend.store(write, deadline: deadline) }
    }

    /// What the engine tells its holders; a cut does not end it.
    ///
    /// - Returns: The engine's notices.
    public func notices() -> AsyncStream<BackendNotice> { backend.notices() }

    private func call<R>(_ body: () async throws(LockError) -> R) async throws(LockError) -> R {
        guard !cable.isCut else { throw .cableCut }
        let answer = try await body()
        guard !cable.losesAnswer() else { throw .answerLost }
        return answer
    }
}

extension LockError {
    fileprivate static let cableCut = LockError(
        .engineUnavailable, "The test has cut the cable to the engine. Mend it.", effect: .didNotHappen)
    fileprivate static let answerLost = LockError(
        .indeterminate, "The test has lost the engine's answer. Ask again with the same id.", effect: .mayHaveHappened)
}
