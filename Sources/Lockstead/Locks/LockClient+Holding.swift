import LockCore

extension LockClient {
    /// The one way every scope takes: acquire, run the body, await it, release, judge.
    ///
    /// - Returns: `nil` where another holder is in the way and the call does not wait.
    func hold<R: Sendable>(
        _ names: [some LockNaming], _ options: AcquireOptions, _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> LockOutcome<R>? {
        let call = try prepare(names, options)
        let entry = try entry(for: call)
        let owner: OwnerID = LockScope.innermostOwn(client: world)?.owner ?? identifiers.make()
        guard !entry.missing.isEmpty else { return try await reenter(entry, call, owner, body) }
        try await awaitRunning(until: call.deadline, since: call.start)
        guard let taken = try await traceAcquire(entry.missing, call, owner) else { return nil }
        try await beginHolding(taken)
        let lease = Lease(parts: entry.held + taken, names: call.names, time: time)
        let end = await instruments.tracing.span("lock.hold", .init(mode: lease.mode, token: lease.token)) { _ in
            await run(body, under: lease, owner)
        }
        await instruments.tracing.span("lock.release", .init(mode: lease.mode, token: lease.token)) { _ in
            await releaseQuietly(taken)
        }
        gate.leave()
        return try judge(end, lease)
    }

    func traceAcquire(_ names: [LockName], _ call: Call, _ owner: OwnerID) async throws -> [HeldGrant]? {
        try await instruments.tracing.span("lock.acquire", .init(mode: call.options.mode)) { span in
            var call = call
            call.span = span
            let taken = try await takeAll(names, for: call, owner: owner)
            span.add(.init(mode: call.options.mode, token: taken?.first?.token, acquired: taken != nil))
            return taken
        }
    }

    /// From here on a shutdown waits for the body.
    private func beginHolding(_ taken: [HeldGrant]) async throws {
        do {
            try gate.enter(LockScope.isInside(client: world) ? .nested : .outermost)
        } catch {
            await releaseQuietly(taken)
            throw error
        }
    }

    private func reenter<R: Sendable>(
        _ entry: Entry, _ call: Call, _ owner: OwnerID, _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> LockOutcome<R> {
        let lease = Lease(parts: entry.held, names: call.names, time: time)
        for held in entry.held { try demandGuarantee(of: held, for: call) }
        instruments.reentered(lease, owner)
        // The body around this one is what gets cancelled when the lease must stop.
        return try judge(await runHere(body, under: lease, owner), lease)
    }

    private func run<R: Sendable>(
        _ body: @escaping @Sendable (Lease) async throws -> R, under lease: Lease, _ owner: OwnerID
    ) async -> BodyEnd<R> {
        // What cannot be lost needs no task that could be cancelled (RULES 33b).
        guard capabilities.shortestLease != nil || lease.validUntil != nil else {
            return await runHere(body, under: lease, owner)
        }
        // Whether the outer body continues here is a question to the caller's task.
        let scope = LockScope(client: world, lease: lease, owner: owner)
        return await runInOwnTask(stoppedBy: lease) { await scope.end(of: body) }
    }

    func runHere<R: Sendable>(
        _ body: @Sendable (Lease) async throws -> R, under lease: Lease, _ owner: OwnerID
    ) async -> BodyEnd<R> {
        await LockScope(client: world, lease: lease, owner: owner).end(of: body)
    }

    /// RULES 17: what became of the lease decides what the caller is told.
    func judge<R: Sendable>(_ end: BodyEnd<R>, _ lease: Lease) throws -> LockOutcome<R> {
        switch end.result {
        case .success(let value): return LockOutcome(value: value, lease: end.lease)
        case .failure(let error): throw judged(error, lease, end.lease, end.cancellation)
        }
    }

    /// What the caller is told where the body threw.
    func judged(
        _ error: any Error, _ lease: Lease, _ state: LeaseState, _ cancellation: BodyCancellation
    ) -> any Error {
        if error is CancellationError {
            return cancellation == .byLease ? Self.stopped(lease, state, cause: nil) : error
        }
        guard state.isLost, (error as? LockError)?.code != .leaseLost else { return error }
        return Self.stopped(lease, state, cause: error)
    }

    private static func stopped(_ lease: Lease, _ state: LeaseState, cause: (any Error)?) -> LockError {
        .leaseLost(
            bodyFinished: false,
            "The lease of \"\(lease.name)\" ended, or was about to, while the body ran (\(state.inWords)); the body was stopped. Check what it had done and start over under a new lock.",
            cause: cause)
    }
}

extension LockScope {
    /// Runs a body and looks at the lease in the moment it ends.
    fileprivate func end<R: Sendable>(of body: @Sendable (Lease) async throws -> R) async -> BodyEnd<R> {
        do {
            let value = try await run(body)
            return BodyEnd(result: .success(value), lease: lease.state)
        } catch {
            return BodyEnd(result: .failure(error), lease: lease.state)
        }
    }
}

extension LockOutcome {
    /// The value, where the body returned inside its lease.
    ///
    /// - Throws: `leaseLost` where it overran.
    func valueInsideLease(of name: @autoclosure () -> String) throws(LockError) -> Value {
        guard case .lost(let reason) = lease else { return value }
        throw LockError.overran(name(), reason)
    }
}

extension LockError {
    /// The body returned after its lease had ended.
    static func overran(_ name: String, _ reason: LossReason) -> LockError {
        .leaseLost(
            bodyFinished: true,
            "The body under \(name) overran its lease (\(reason.inWords)): someone else may have held the lock before it returned. Check its work, fence its writes, or ask for a longer lease."
        )
    }
}
