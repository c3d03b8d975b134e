public import LockCore

extension LockClient {
    /// Takes a lock and returns a handle, for when a scope does not fit.
    public func acquire(
        _ name: some LockNaming, mode: LockMode = .exclusive, waitingAtMost: Duration? = nil, lease: Duration? = nil,
        fairness: Fairness = .fair, require: Guarantee.Requirement? = nil, terms: HoldTerms = HoldTerms(),
        priority: Int8 = 0, purpose: String = ""
    ) async throws -> HeldLock { throw LockError(.notRunning, "", effect: .didNotHappen) }

    /// Takes a lock and returns a handle, or `nil` at once where someone else has it.
    public func tryAcquire(
        _ name: some LockNaming, mode: LockMode = .exclusive, lease: Duration? = nil, fairness: Fairness = .fair,
        require: Guarantee.Requirement? = nil, terms: HoldTerms = HoldTerms(), priority: Int8 = 0, purpose: String = ""
    ) async throws -> HeldLock? { throw LockError(.notRunning, "", effect: .didNotHappen) }

    /// Gives a lock back.
    public func release(_ lock: HeldLock) async throws {}

    /// Turns an exclusive lock into a shared one without freeing it in between; the token stays.
    public func downgrade(_ lock: HeldLock) async throws {}

    /// Describes one lock, or `nil` where nobody holds or awaits it.
    public func inspect(_ name: some LockNaming) async throws -> LockDescription? { nil }

    /// Describes live locks.
    public func list(prefix: String = "", limit: Int = 1_000) async throws -> [LockDescription] { [] }

    /// What happens to locks whose names start with `prefix`, from now on.
    public func changes(prefix: String = "") -> AsyncThrowingStream<LockChange, any Error> {
        backend.changes(prefix: prefix)
    }

    /// Revokes every grant of a name.
    public func forceRelease(_ name: some LockNaming, reason: String, now: Bool = false) async throws -> ForcedRelease {
        throw LockError(.notRunning, "", effect: .didNotHappen)
    }
}
