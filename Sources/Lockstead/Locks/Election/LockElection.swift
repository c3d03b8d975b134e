public import LockCore

/// An election: of all who campaign under one name, one leads at a time.
///
/// A leader is the holder of the exclusive lock of that name, so everything that is true of locks is true of leaders. The term is the
/// fencing token: it rises with every leader, and a resource that checks it refuses a leader that overslept its end. A leader whose lease is lost is
/// stopped by its own clock before another can be elected, given clocks that run at most 1 % fast or slow. Candidates are elected in the order
/// in which they began to campaign.
public struct LockElection: Sendable {
    let client: LockClient
    /// Its name.
    public let name: LockName

    /// Campaigns, leads while `body` runs, and steps down.
    ///
    /// One term: whoever wants to lead again calls again, or uses ``campaign(as:lease:require:terms:priority:retry:_:)``. The body is cancelled
    /// and awaited when the lease is about to be lost, when it resigns (``Leadership/resign()``), and when the caller is cancelled; the next leader
    /// is elected only then.
    ///
    /// - Parameters:
    ///   - value: What the leader calls itself, such as an address: observers see it. With the host's name and the trace at most 4,096 bytes.
    ///   - waitingAtMost: How long to campaign; for ever where `nil`.
    ///   - lease: How long a leader that died still counts as one, at most; renewed while it leads. `nil`: the client's default, 30 s unless
    ///     configured.
    ///   - require: The least guarantee to accept.
    ///   - terms: Lock-delay, minimum hold, cap on the term, and renewal bound to progress.
    ///   - priority: Higher comes first, where the engine has priorities.
    ///   - body: Runs while this candidate leads, in a task of its own.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; `CancellationError` where the caller was cancelled; `LockError` with `timedOut`, with `resigned` where the body
    ///   was stopped by a resignation, with `leaseLost` where the term ended before the body did, with `reentryRefused` or `wouldDeadlock` inside
    ///   a body that leads already, or with what else stands against the request (``LockError/Code``).
    public func withLeadership<R: Sendable>(
        as value: String = "", waitingAtMost: Duration? = nil, lease: Duration? = nil,
        require: Guarantee.Requirement? = nil, terms: HoldTerms = HoldTerms(), priority: Int8 = 0,
        _ body: @escaping @Sendable (Leadership) async throws -> R
    ) async throws -> R {
        let options = AcquireOptions(
            mode: .exclusive, patience: AcquireOptions.Patience(waitingAtMost), lease: lease, fairness: nil,
            require: require, reentry: .refused, terms: terms, priority: priority, purpose: value, isPersonal: true)
        let outcome = try await client.holdWaiting([name], options) { lease in
            try await Leadership(lease: lease, value: value).lead(body)
        }
        return try outcome.valueInsideLease(of: "\"\(name)\"")
    }

    /// Who leads now.
    ///
    /// Returns within the client's `callDeadline`. What it tells may be over when it is read; do not decide by it who may work.
    ///
    /// - Returns: The leader, or `nil` where nobody leads: no one campaigns, or the last leader's end is not over yet.
    /// - Throws: `LockError`: `unsupported`, `notRunning`, or a failure of the engine.
    public func leader() async throws -> Leader? {
        try client.capabilities.demand(.inspect, "describing a lock")
        let description = try await client.backend.inspect(name, deadline: client.operationDeadline())
        var book = HolderBook()
        book.read([description].compactMap(\.self))
        return book.holder(of: name).map(Leader.init)
    }

    /// Who leads, now and from now on; `nil` while nobody does.
    ///
    /// Begins with the present leader. Every change is told in order as far as the engine tells changes; whatever it loses, a new leader is
    /// seen after little more than a second, and an older term never follows a newer one. A reader that falls more than 256 changes behind misses
    /// the oldest. An engine that is out of reach for a while makes it fall silent, not end. Ends when the client stops.
    ///
    /// - Returns: A stream of its own for each call; it stops following once nobody reads it any more.
    /// - Throws: `LockError`: `unsupported` where the engine cannot tell changes or describe a lock, `notRunning`.
    public func observe() async throws -> AsyncThrowingStream<Leader?, any Error> {
        try client.capabilities.demand(.inspect, "describing a lock")
        let follower = HolderFollower(
            client: client, prefix: name.text, concerns: { [name] in $0 == name },
            read: { [client, name] deadline throws(LockError) in
                guard let lock = try await client.backend.inspect(name, deadline: deadline) else { return [] }
                return [lock]
            })
        return try await client.follow(follower, keeping: 256) { [name] in $0.holder(of: name).map(Leader.init) }
    }
}

extension LockClient {
    /// An election: of all who campaign under `name`, one leads at a time.
    ///
    /// - Parameter name: The name of the election, and of its lock.
    /// - Returns: The election; nothing is sent yet.
    /// - Throws: `LockError` with `invalidName`.
    public func election(_ name: some LockNaming) throws(LockError) -> LockElection {
        LockElection(client: self, name: try name.lockName())
    }
}
