public import LockCore

extension LockClient {
    /// Holds a lock while `body` runs.
    public func withLock<R: Sendable>(
        _ name: some LockNaming, mode: LockMode = .exclusive, waitingAtMost: Duration? = nil, lease: Duration? = nil,
        fairness: Fairness = .fair, require: Guarantee.Requirement? = nil, reentry: Reentry = .allowed,
        terms: HoldTerms = HoldTerms(), priority: Int8 = 0, purpose: String = "",
        _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R { throw LockError(.notRunning, "", effect: .didNotHappen) }

    /// Holds a lock while `body` runs, or returns `nil` at once where someone else has it.
    public func tryWithLock<R: Sendable>(
        _ name: some LockNaming, mode: LockMode = .exclusive, lease: Duration? = nil, fairness: Fairness = .fair,
        require: Guarantee.Requirement? = nil, reentry: Reentry = .allowed, terms: HoldTerms = HoldTerms(),
        priority: Int8 = 0, purpose: String = "", _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R? { throw LockError(.notRunning, "", effect: .didNotHappen) }

    /// Holds a lock while `body` runs, and tells both the value and what became of the lease.
    public func withLockOutcome<R: Sendable>(
        _ name: some LockNaming, mode: LockMode = .exclusive, waitingAtMost: Duration? = nil, lease: Duration? = nil,
        fairness: Fairness = .fair, require: Guarantee.Requirement? = nil, reentry: Reentry = .allowed,
        terms: HoldTerms = HoldTerms(), priority: Int8 = 0, purpose: String = "",
        _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> LockOutcome<R> { throw LockError(.notRunning, "", effect: .didNotHappen) }

    /// Holds several locks while `body` runs: all or none.
    public func withLocks<R: Sendable>(
        _ names: [some LockNaming], mode: LockMode = .exclusive, waitingAtMost: Duration? = nil, lease: Duration? = nil,
        fairness: Fairness = .fair, require: Guarantee.Requirement? = nil, reentry: Reentry = .allowed,
        terms: HoldTerms = HoldTerms(), priority: Int8 = 0, purpose: String = "",
        _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R { throw LockError(.notRunning, "", effect: .didNotHappen) }

    /// A counting semaphore with `permits` permits.
    public func semaphore(_ name: some LockNaming, permits: Int) throws(LockError) -> LockSemaphore {
        LockSemaphore(client: self, name: try name.lockName(), permits: permits)
    }
}

/// The value of a body, and what became of the lease while it ran.
public struct LockOutcome<Value: Sendable>: Sendable {
    /// What the body returned.
    public var value: Value
    /// The lease's state at the moment the body returned: `held` or `suspect` inside the lease, `lost` if it overran.
    public var lease: LeaseState
}

/// A counting semaphore: up to `permits` permits are out at a time.
public struct LockSemaphore: Sendable {
    let client: LockClient
    /// Its name.
    public let name: LockName
    /// How many permits it has.
    public let permits: Int

    /// Holds one permit while `body` runs.
    public func withPermit<R: Sendable>(
        waitingAtMost: Duration? = nil, lease: Duration? = nil, fairness: Fairness = .fair,
        require: Guarantee.Requirement? = nil, terms: HoldTerms = HoldTerms(), priority: Int8 = 0,
        purpose: String = "", _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R { throw LockError(.notRunning, "", effect: .didNotHappen) }

    /// Holds `count` permits while `body` runs.
    public func withPermits<R: Sendable>(
        _ count: Int, waitingAtMost: Duration? = nil, lease: Duration? = nil, fairness: Fairness = .fair,
        require: Guarantee.Requirement? = nil, terms: HoldTerms = HoldTerms(), priority: Int8 = 0,
        purpose: String = "", _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R { throw LockError(.notRunning, "", effect: .didNotHappen) }

    /// Holds `count` permits while `body` runs, or returns `nil` at once where they are not free.
    public func tryWithPermit<R: Sendable>(
        count: Int = 1, lease: Duration? = nil, fairness: Fairness = .fair, require: Guarantee.Requirement? = nil,
        terms: HoldTerms = HoldTerms(), priority: Int8 = 0, purpose: String = "",
        _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R? { throw LockError(.notRunning, "", effect: .didNotHappen) }
}
