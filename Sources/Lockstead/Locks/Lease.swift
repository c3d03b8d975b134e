public import LockCore

/// What a holder has while it holds.
public final class Lease: Sendable {
    /// The names it covers, sorted.
    public let names: [LockName]
    /// The fencing token.
    public let token: FencingToken
    /// How it excludes others.
    public let mode: LockMode
    /// What the grant promises.
    public let guarantee: Guarantee

    init(grant: Grant) {
        (names, token, mode, guarantee) = (grant.names, grant.token, grant.mode, grant.guarantee)
    }

    /// The lease of the innermost scope the current task runs in, or `nil` outside of all.
    public static var current: Lease? { nil }
    /// The name, or the first of several.
    public var name: LockName { names[0] }
    /// What to believe now.
    public var state: LeaseState { .lost(.released) }
    /// Whether the state is `held` now.
    public var isHeld: Bool { state == .held }
    /// Until when the lease may be believed without a renewal; `nil`: it cannot run out.
    public var validUntil: ContinuousTime? { nil }
    /// The token of one of the names; `nil` where the lease does not cover it.
    public func token(for name: some LockNaming) -> FencingToken? { token }
    /// Makes sure that so much time is left.
    public func ensure(atLeast duration: Duration) throws(LockError) {}
    /// What happens to the lease from now on.
    public func events() -> AsyncStream<LeaseEvent> { AsyncStream { $0.finish() } }
}

/// A lock held by a handle.
public final class HeldLock: Sendable {
    /// The lease.
    public let lease: Lease
    package let grant: Grant
    init(lease: Lease, grant: Grant) { (self.lease, self.grant) = (lease, grant) }
    /// Gives the lock back.
    public func release() async throws {}
}
