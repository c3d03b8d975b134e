public import LockCore

/// The in-process engine: locks between the tasks of one process, at the speed of a mutex.
///
/// A grant cannot be lost: it has no lease to run out, and lasts until it is released, revoked, or ended by its cap on the total hold.
/// Acquire and release work before ``run()``; deadlines, caps and delays are kept while a client of the store runs.
public final class InProcessBackend: LockBackend {
    let store: InProcessStore
    let id: InProcessClient.ID

    /// What the engine can carry: everything but exclusion between processes, and hand-over, which it has no need of.
    public let capabilities: Capabilities

    /// Makes a client of a store; starts nothing.
    ///
    /// - Parameter store: The locks. Clients of one store exclude each other.
    public init(store: InProcessStore = .shared) {
        self.store = store
        capabilities = Self.capabilities
        id = store.update { state, _ in
            let id = state.drawTicket()
            state.clients[id] = InProcessClient()
            return id
        }
    }

    deinit { store.update { [id] state, now in state.forget(id, at: now) } }

    private static let capabilities = Capabilities(
        engine: "memory",
        guarantee: Guarantee(exclusion: .linearizable, scope: .process, fencing: .monotonic),
        features: [
            .shared, .permits, .fair, .barging, .severalNames, .lockDelay, .minimumHold, .maximumHold, .priority,
            .downgrade, .inspect, .list, .changes, .forceRelease, .deadlockDetection, .registers,
        ], shortestLease: nil, longestLease: Limits.longestLease.duration, queuesLocally: false)

    /// Keeps deadlines, caps and delays until the task is cancelled; then waiting calls end with `shutDown`.
    ///
    /// - Throws: Nothing; it returns when its task is cancelled.
    public func run() async throws {
        let bell = store.update { [id] state, _ in state.startDriving(id) }
        while !Task.isCancelled {
            let due = store.update { state, now in
                _ = state.apply(.advance, at: now)
                return state.setAlarm()
            }
            // Only the task's cancellation ends a sleep with an error, and the loop asks for it.
            try? await bell.sleep(until: due.map { ContinuousTime($0) }, on: store.time)
        }
        store.stop(id)
    }

    /// Asks for a grant, and waits as the request says.
    ///
    /// - Parameter request: What is asked for; its lease only bounds how long a forced release waits for an acknowledgement.
    /// - Returns: The grant, or who is in the way.
    /// - Throws: `LockError`; `cancelled` where the task was cancelled, and then nothing is held.
    public func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        guard !Task.isCancelled else { throw .withdrawn }
        if request.isPlain, request.lease <= capabilities.longestLease,
            let token = acquireAtOnce(request.id, request.owner, request.names, request.lease, request.note)
        {
            return .granted(
                Grant(
                    request: request.id, owner: request.owner, names: request.names, mode: .exclusive, token: token,
                    lease: request.lease, validity: .unlimited, guarantee: capabilities.guarantee))
        }
        try request.check(against: capabilities)
        if request.isPlain, request.wait != .never {
            let result = await waitPlainly(for: request)
            if case .notPlain = result {} else { return try outcome(ofWait: result, for: request) }
        }
        let beginning = store.update { [id] state, now in state.begin(request, for: id, at: now) }
        switch beginning {
        case .over(let result): return try outcome(of: result, for: request)
        case .queued(let ticket):
            return try outcome(ofWait: await wait(for: request, ticket: ticket), for: request)
        }
    }

    private func outcome(ofWait result: WaitResult, for request: LockRequest) throws(LockError) -> AcquireOutcome {
        if case .granted(let record) = result, let refusal = reasonNotToTakeIt() {
            giveBack(record, of: request)
            throw refusal
        }
        return try outcome(of: result, for: request)
    }

    /// Why a grant that came after a wait is of no use to its caller.
    private func reasonNotToTakeIt() -> LockError? {
        if Task.isCancelled { return .withdrawn }
        return store.hasStopped(id) ? .engineStopped : nil
    }

    /// The short way of nearly every wait: one turn of the mutex, with the task suspended before.
    private func waitPlainly(for request: LockRequest) async -> WaitResult {
        let ticket = store.drawTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { store.queue(request, for: id, ticket: ticket, $0) }
        } onCancel: {
            store.update { [id] state, now in state.withdraw(ticket, of: request, for: id, at: now) }
        }
    }

    /// The short way of nearly every acquire: one free name, exclusively, on no terms.
    ///
    /// - Returns: The token; `nil` where ``acquire(_:)`` has to look closer, and then nothing happened.
    func acquireAtOnce(
        _ request: RequestID, _ owner: OwnerID, _ names: [LockName], _ lease: Duration, _ note: HolderNote
    ) -> FencingToken? {
        store.acquireUncontended(
            request, owner, names, note, in: InProcessClient.session(of: id, lease: lease))
    }

    private func wait(for request: LockRequest, ticket: UInt64) async -> WaitResult {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                store.update { state, _ in state.suspend(ticket, of: request.id, continuation) }
            }
        } onCancel: {
            store.update { [id] state, now in state.withdraw(ticket, of: request, for: id, at: now) }
        }
    }

    private func outcome(of result: WaitResult, for request: LockRequest) throws(LockError) -> AcquireOutcome {
        switch result {
        case .granted(let record): .granted(grant(record, lease: request.lease))
        case .busy(let description): .busy(description)
        case .failed(let error): throw error
        case .notPlain: preconditionFailure("a wait that never began was told to its caller")
        }
    }

    private func grant(_ record: GrantRecord, lease: Duration) -> Grant {
        Grant(record, lease: lease, validity: .unlimited, guarantee: capabilities.guarantee)
    }

    private func giveBack(_ record: GrantRecord, of request: LockRequest) {
        _ = store.update { state, now in
            state.apply(.release(.init(session: record.session, names: record.names, token: record.token)), at: now)
        }
    }
}

// MARK: Held grants

extension InProcessBackend {
    /// Confirms that the grants are still held; there is nothing to renew.
    ///
    /// - Parameters:
    ///   - grants: Grants of this backend.
    ///   - deadline: Not needed: the answer is there at once.
    /// - Returns: An outcome for each grant.
    public func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        store.update { [id] state, now in
            state.holds(grants, by: id, at: now).map { $0 ? .renewed(.unlimited) : .lost(.superseded) }
        }
    }

    /// Gives a grant back, or acknowledges its revocation.
    ///
    /// - Parameters:
    ///   - grant: A grant of this backend.
    ///   - deadline: Not needed: the answer is there at once.
    /// - Returns: Whether it was still held.
    /// - Throws: Nothing.
    public func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        if releaseAtOnce(grant.names, grant.token, grant.lease) { return .released }
        let answer = store.update { [id] state, now in state.apply(.release(Self.named(grant, id)), at: now) }
        return answer == .released ? .released : .lost(.superseded)
    }

    /// The short way of nearly every release.
    ///
    /// - Returns: Whether it is done.
    func releaseAtOnce(_ names: [LockName], _ token: FencingToken, _ lease: Duration) -> Bool {
        names.count == 1
            && store.releaseAtOnce(names[0], token, in: InProcessClient.session(of: id, lease: lease))
    }

    /// Withdraws a request: afterwards it neither waits nor holds.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - deadline: Not needed: it is done at once.
    /// - Throws: Nothing.
    public func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {
        _ = store.update { [id] state, now in
            state.apply(.cancel(InProcessClient.session(of: id, lease: request.lease), request.id), at: now)
        }
    }

    /// Turns an exclusive grant into a shared one; the token stays.
    ///
    /// - Parameters:
    ///   - grant: A grant of this backend.
    ///   - deadline: Not needed: the answer is there at once.
    /// - Returns: The shared grant.
    /// - Throws: `LockError`; `notHeld` where it is not held any more, `invalidOption` for permits.
    public func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant {
        let answer = store.update { [id] state, now in state.apply(.downgrade(Self.named(grant, id)), at: now) }
        switch answer {
        case .downgraded(let record): return self.grant(record, lease: grant.lease)
        case .refused(let refusal) where refusal != .unknownSession: throw LockError(refusal)
        default: throw .grantGone
        }
    }

    /// Always refused: every waiter of this engine is known to it, and comes in its order.
    ///
    /// - Parameters:
    ///   - grant: Not looked at.
    ///   - request: Not looked at.
    /// - Returns: Nothing.
    /// - Throws: `LockError` with the code `unsupported`.
    public func handOver(_ grant: Grant, to request: LockRequest) async throws(LockError) -> Grant? {
        throw LockError(
            .unsupported,
            "The engine \(capabilities.engine) hands nothing over: release, and the next waiter is granted.",
            effect: .didNotHappen)
    }

    private static func named(_ grant: Grant, _ id: InProcessClient.ID) -> Command.Release {
        .init(session: InProcessClient.session(of: id, lease: grant.lease), names: grant.names, token: grant.token)
    }
}
