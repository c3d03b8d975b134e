public import LockCore

/// A membership held by a handle: renewed until it leaves.
public struct HeldMembership: Sendable {
    /// Its id in the group.
    public let id: String
    /// What it says of itself.
    public let payload: String
    private let lock: HeldLock

    init(id: String, payload: String, lock: HeldLock) { (self.id, self.payload, self.lock) = (id, payload, lock) }

    /// The lease: whether the others may still count on this member, and events when they may not.
    public var lease: Lease { lock.lease }

    /// The fencing token of the membership.
    public var token: FencingToken { lock.lease.token }

    /// Leaves the group; the id is free at once.
    ///
    /// - Throws: `LockError`, as ``HeldLock/release()``: `leaseLost` where the others had lost sight of it before.
    public func leave() async throws { try await lock.release() }
}

extension GroupMembership {
    /// Joins the group and returns a handle, for when a scope does not fit.
    ///
    /// Renewed until it leaves. A handle that is dropped does not leave at once: its lease runs out, as ``HeldLock``'s does. A member whose lease is
    /// lost is no member any more; watch ``HeldMembership/lease`` and join again.
    ///
    /// - Parameters:
    ///   - id: Its id, one segment of a name; no two members have the same.
    ///   - payload: What it says of itself, such as an address. With the host's name and the trace at most 4,096 bytes.
    ///   - waitingAtMost: How long to wait for an id that is taken, as by this member's former life; not at all by default.
    ///   - lease: How long a member that died still counts as one, at most. `nil`: the client's default, 30 s unless configured.
    ///   - require: The least guarantee to accept.
    /// - Returns: The handle, to leave with.
    /// - Throws: `CancellationError`, or `LockError` with `memberExists` where the id is taken, `unsupported` where the engine cannot list members
    ///   or tell changes, or with what else stands against the request (``LockError/Code``).
    public func join(
        as id: String, payload: String = "", waitingAtMost: Duration = .zero, lease: Duration? = nil,
        require: Guarantee.Requirement? = nil
    ) async throws -> HeldMembership {
        let options = options(payload, waitingAtMost, lease, require)
        let name = try demandAndName(id)
        do {
            let lock = try await client.handleWaiting(name, options)
            return HeldMembership(id: id, payload: payload, lock: lock)
        } catch let error as LockError where error.code == .timedOut {
            throw taken(id, error)
        }
    }

    /// Is a member while `body` runs.
    ///
    /// The body is cancelled and awaited when the membership is about to be lost, and it leaves only then.
    ///
    /// - Parameters:
    ///   - id: Its id, one segment of a name; no two members have the same.
    ///   - payload: What it says of itself, such as an address. With the host's name and the trace at most 4,096 bytes.
    ///   - waitingAtMost: How long to wait for an id that is taken; not at all by default.
    ///   - lease: How long a member that died still counts as one, at most. `nil`: the client's default, 30 s unless configured.
    ///   - require: The least guarantee to accept.
    ///   - body: Runs while this is a member.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; `CancellationError` where the caller was cancelled; `LockError` with `memberExists` where the id is taken,
    ///   `leaseLost` where the membership ended before the body did, or with what else stands against the request (``LockError/Code``).
    public func withMembership<R: Sendable>(
        as id: String, payload: String = "", waitingAtMost: Duration = .zero, lease: Duration? = nil,
        require: Guarantee.Requirement? = nil, _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R {
        let options = options(payload, waitingAtMost, lease, require)
        let name = try demandAndName(id)
        let hasJoined = Signal()
        do {
            let outcome = try await client.holdWaiting([name], options) { lease in
                hasJoined.set()
                return try await body(lease)
            }
            return try outcome.valueInsideLease(of: "\"\(name)\"")
        } catch let error as LockError where error.code == .timedOut && !hasJoined.isSet {
            throw taken(id, error)
        }
    }

    private func options(
        _ payload: String, _ wait: Duration, _ lease: Duration?, _ require: Guarantee.Requirement?
    ) -> AcquireOptions {
        AcquireOptions(
            mode: .exclusive, patience: .atMost(wait), lease: lease, fairness: nil, require: require,
            reentry: .refused, terms: HoldTerms(), priority: 0, purpose: payload, isPersonal: true)
    }

    /// A member that nobody could see would be none.
    private func demandAndName(_ id: String) throws(LockError) -> LockName {
        try demandViews()
        return try lock(of: id)
    }

    private func taken(_ id: String, _ cause: LockError) -> LockError {
        LockError(
            .memberExists,
            "The group \"\(name)\" has a member \"\(id)\" already. Take another id, or wait for that one to leave or to run out.",
            effect: .didNotHappen, cause: cause)
    }
}
