public import Lockstead

/// Any engine behind a ``Cable``: calls fail as they do on a network, while the engine itself stays as it is.
///
/// A call that finds the cable cut fails with `engineUnavailable` and did not happen; one that is dropped, or whose answer is lost,
/// fails with `indeterminate` and may have happened. The cable's ``FaultPlan`` brings faults by itself.
public struct FaultyBackend: LockBackend {
    let backend: any LockBackend
    let cable: Cable
    private let time: any TimeSource

    /// Puts an engine behind a cable.
    ///
    /// - Parameters:
    ///   - backend: The engine.
    ///   - cable: The way to it; one for each client.
    ///   - time: Whose clock delays are slept on.
    public init(_ backend: any LockBackend, on cable: Cable, time: any TimeSource = SystemTimeSource()) {
        (self.backend, self.cable, self.time) = (backend, cable, time)
    }

    /// What the engine can carry.
    public var capabilities: Capabilities { backend.capabilities }

    /// Runs the engine, cut or not, until the client dies.
    ///
    /// - Throws: What the engine throws.
    public func run() async throws {
        let notices = backend.notices()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await backend.run()
                return true
            }
            group.addTask {
                await cable.waitForDeath()
                return true
            }
            group.addTask {
                for await notice in notices where !cable.isDead { cable.tell(notice) }
                return false
            }
            defer {
                group.cancelAll()
                cable.endNotices()
            }
            while let isOver = try await group.next(), !isOver {}
        }
    }

    /// The engine gives up this client's session: its grants are gone there, and it is told so.
    ///
    /// They end as by a release, without lock-delay.
    public func loseSession() async {
        let deadline = time.now.advanced(by: .seconds(10))
        for grant in cable.takeGrants() {
            // What is gone already is as lost as it can be.
            _ = try? await backend.release(grant, deadline: deadline)
            cable.tell(.lost(grant.request, .engineLost("the test ended the session")))
        }
    }

    /// Asks the engine, unless the cable is cut.
    ///
    /// - Parameter request: What is asked for.
    /// - Returns: The engine's answer, unless it is lost.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        let outcome = try await call(.acquire, until: nil) { () async throws(LockError) in
            try await backend.acquire(request)
        }
        if case .granted(let grant) = outcome { cable.remember(grant) }
        return outcome
    }

    /// Renews, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - grants: Which grants.
    ///   - deadline: When the answer is of no more use.
    /// - Returns: The engine's outcomes, or `unknown` for each.
    public func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        do throws(LockError) {
            return try await call(.renew, until: deadline) { () async throws(LockError) in
                await backend.renew(grants, deadline: deadline)
            }
        } catch {
            return grants.map { _ in .unknown(error) }
        }
    }

    /// Releases, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - grant: Which grant.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer, unless it is lost.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        let outcome = try await call(.release, until: deadline) { () async throws(LockError) in
            try await backend.release(grant, deadline: deadline)
        }
        cable.forget(grant.request)
        return outcome
    }

    /// Withdraws, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - request: Which request.
    ///   - deadline: When to stop trying.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {
        try await call(.cancel, until: deadline) { () async throws(LockError) in
            try await backend.cancel(request, deadline: deadline)
        }
        cable.forget(request.id)
    }

    /// Downgrades, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - grant: Which grant.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer, unless it is lost.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant {
        let shared = try await call(.downgrade, until: deadline) { () async throws(LockError) in
            try await backend.downgrade(grant, deadline: deadline)
        }
        cable.remember(shared)
        return shared
    }

    /// Hands over, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - grant: Which grant.
    ///   - request: To which request.
    /// - Returns: The engine's answer, unless it is lost.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func handOver(_ grant: Grant, to request: LockRequest) async throws(LockError) -> Grant? {
        let new = try await call(.handOver, until: nil) { () async throws(LockError) in
            try await backend.handOver(grant, to: request)
        }
        if let new {
            cable.forget(grant.request)
            cable.remember(new)
        }
        return new
    }

    /// Describes one lock, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - name: Which lock.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func inspect(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> LockDescription? {
        try await call(.inspect, until: deadline) { () async throws(LockError) in
            try await backend.inspect(name, deadline: deadline)
        }
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
        try await call(.list, until: deadline) { () async throws(LockError) in
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
        try await call(.forceRelease, until: deadline) { () async throws(LockError) in
            try await backend.forceRelease(name, reason: reason, now: now, deadline: deadline)
        }
    }

    /// What the engine tells its holders, while ``run()`` runs; a cut does not end it.
    ///
    /// - Returns: The engine's notices, and those of a lost session; one reader at a time.
    public func notices() -> AsyncStream<BackendNotice> {
        let (stream, continuation) = AsyncStream.makeStream(of: BackendNotice.self)
        cable.setNotices(continuation)
        return stream
    }

    // MARK: Faults

    func call<R>(
        _ kind: FaultPlan.Call, until deadline: ContinuousTime?, _ body: () async throws(LockError) -> R
    ) async throws(LockError) -> R {
        guard !cable.isDead else { throw .clientDead(.didNotHappen) }
        guard !cable.isCut else { throw .cableCut }
        let fault = cable.next(kind)
        let answer = try await send(under: fault, until: deadline, body)
        guard !cable.isDead else { throw .clientDead(.mayHaveHappened) }
        guard fault != .loseAnswer, !cable.losesAnswer() else { throw .answerLost }
        return answer
    }

    private func send<R>(
        under fault: FaultPlan.Fault?, until deadline: ContinuousTime?, _ body: () async throws(LockError) -> R
    ) async throws(LockError) -> R {
        switch fault {
        case .drop: throw .answerLost
        case .delay(let duration): try await delay(by: duration, until: deadline)
        case .loseSession: await loseSession()
        case .die:
            cable.die()
            throw .clientDead(.didNotHappen)
        case .duplicate:
            let answer = try await body()
            // The answer to a duplicate is nobody's.
            _ = try? await body()
            return answer
        case .loseAnswer, nil: break
        }
        return try await body()
    }

    /// What arrives after its deadline arrives too late for everybody.
    private func delay(by duration: Duration, until deadline: ContinuousTime?) async throws(LockError) {
        let arrival = time.now.advanced(by: duration)
        // A cancelled task sends at once: releases and withdrawals are not to be cut short (RULES 17).
        try? await time.sleep(until: min(arrival, deadline ?? arrival))
        if let deadline, arrival > deadline { throw .answerLost }
    }
}

extension LockError {
    fileprivate static let cableCut = LockError(
        .engineUnavailable, "The test has cut the cable to the engine. Mend it.", effect: .didNotHappen)
    fileprivate static let answerLost = LockError(
        .indeterminate, "The test has lost the engine's answer. Ask again with the same id.", effect: .mayHaveHappened)

    fileprivate static func clientDead(_ effect: Effect) -> LockError {
        LockError(.shutDown, "The test has ended this client. Make another.", effect: effect)
    }
}
