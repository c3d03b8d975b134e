#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
package import LockCore
internal import Synchronization

extension FileBackend {
    /// How an ask, or a later look at the queue, went.
    enum Asked: Sendable {
        case granted(Grant)
        case busy(LockDescription?)
        case waiting(Outlook)
        /// The place in the queue is gone, for this reason.
        case dropped(String)
    }

    package func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        try request.check(against: capabilities)
        try ensureRunning()
        guard !Task.isCancelled else {
            throw .cancelledBeforeAsking
        }
        guard let name = request.names.first else { throw LockError(Refusal.badNames) }
        let key = NameKey(name)
        switch try await ask(request, key) {
        case .granted where Task.isCancelled: return try await endWait(request, key, Self.cancelled(key))
        case .granted(let grant): return .granted(hold(grant, key))
        case .busy(let description): return .busy(description)
        case .dropped(let reason): throw Self.dropped(key, reason)
        case .waiting(let outlook): return try await wait(for: request, key, outlook)
        }
    }

    /// R3, R4: the place in the queue was lost, and with it whatever grant crossed the loss.
    static func dropped(_ key: NameKey, _ reason: String) -> LockError {
        LockError(
            .leaseLost, "The wait for \"\(key.name)\" ended without the lock: \(reason). Ask again.",
            effect: .didNotHappen)
    }

    private func ask(_ request: LockRequest, _ key: NameKey) async throws(LockError) -> Asked {
        let asked = try await worker.attempt(key, until: patienceEnd(request.wait), cancellable: true) {
            () throws(LockError) in try self.askOnce(request, key)
        }
        if let asked { return asked }
        if Task.isCancelled { throw Self.cancelled(key) }
        throw stuck(key)
    }

    static func cancelled(_ key: NameKey) -> LockError {
        LockError(.cancelled, "The wait for \"\(key.name)\" was cancelled.", effect: .didNotHappen)
    }

    /// Until when to try for the state lock: as long as the caller would wait for the lock itself.
    private func patienceEnd(_ wait: LockRequest.Wait) -> ContinuousTime {
        switch wait {
        case .never: time.now + Self.patience
        case .until(let deadline): deadline
        case .forever: .distantFuture
        }
    }

    private func askOnce(_ request: LockRequest, _ key: NameKey) throws(LockError) -> Attempt<Asked> {
        var made: Lifeline?
        do throws(LockError) {
            let attempt = try store.change(key, creating: true) { (state, now) throws(LockError) -> Asked in
                try self.admit(request, key, &state, now, &made)
            }
            guard case .done(let change?) = attempt else { return .contended }
            guard case .waiting(var outlook) = change.value else { return .done(change.value) }
            outlook.sequence = change.sequence
            return .done(.waiting(outlook))
        } catch {
            // Where the entry may be written its file must stay: closed, it proves the session dead.
            if let made, error.effect == .didNotHappen { discard(made.session, key) }
            if made != nil { forget(request.id) }
            throw error
        }
    }

    /// The whole of an acquire, under the state lock.
    private func admit(
        _ request: LockRequest, _ key: NameKey, _ state: inout NameState, _ now: ContinuousTime, _ made: inout Lifeline?
    ) throws(LockError) -> Asked {
        if state.graceUntil != nil { throw Self.recovering(key) }
        let before = state
        if request.lease > Limits.longestLease.duration {
            _ = state.apply(.configure(.longestLease(TimeSpan(capabilities.longestLease))), at: now)
        }
        let session = SessionID(high: request.id.high, low: request.id.low)
        let lease = TimeSpan(request.lease)
        let entry = SessionEntry(session: session, processID: getpid(), lease: lease, validUntil: now + lease)
        if let refusal = state.open(entry, at: now) { throw LockError(refusal) }
        switch state.apply(.acquire(state.command(for: request, in: session)), at: now) {
        case .granted(let record):
            try enliven(request, session, key, now, &made)
            return .granted(grant(record, request.lease, state, now))
        case .queued:
            try enliven(request, session, key, now, &made)
            return .waiting(Outlook(state, session, armedAt: now))
        case .busy:
            state = before
            return .busy(state.description(at: now))
        case .refused(let refusal): throw LockError(refusal)
        default:
            throw LockError(.engineUnavailable, "The lock's table gave no answer. Ask again.", effect: .didNotHappen)
        }
    }

    static func recovering(_ key: NameKey) -> LockError {
        LockError(
            .recovering,
            "The state of \"\(key.name)\" was lost while processes lived by it; nothing is granted until they have ended "
                + "or the longest lease has passed. Try again later.", effect: .didNotHappen)
    }

    /// Makes the session's proof of life, before its entry is written.
    private func enliven(
        _ request: LockRequest, _ session: SessionID, _ key: NameKey, _ now: ContinuousTime, _ made: inout Lifeline?
    ) throws(LockError) {
        do throws(SystemError) {
            let known = lives.withLock { $0.byRequest[request.id]?.lifeline }
            let lifeline: Lifeline
            if let known, try known.isInPlace() {
                lifeline = known
            } else {
                lifeline = try Lifeline(
                    session: session, key: key, lease: request.lease, in: store.folder, among: store.own)
                made = lifeline
            }
            try lifeline.arm(until: now + TimeSpan(request.lease))
            lives.withLock { $0.byRequest[request.id] = Lives.Life(lifeline: lifeline) }
        } catch {
            throw error.lockError()
        }
    }

    func grant(_ record: GrantRecord, _ lease: Duration, _ state: NameState, _ now: ContinuousTime) -> Grant {
        Grant(
            request: record.request, owner: record.owner, names: record.names, mode: record.mode, token: record.token,
            lease: lease, validity: .armed(at: now, for: lease),
            holdLimit: record.maximumHoldEnd.map(state.continuousTime), guarantee: Self.guarantee)
    }

    /// Takes away a lifeline that no entry names.
    func discard(_ session: SessionID, _ key: NameKey) {
        // What stays is an orphan, which `lockstead repair` removes.
        _ = try? store.folder.remove(key.lifelineFile(of: session))
    }

    /// Drops our hold of a request's lifeline: if it was the last one, the session is dead for all.
    func forget(_ request: RequestID) {
        let life = lives.withLock { $0.byRequest.removeValue(forKey: request) }
        // The file is closed here, outside the lock.
        _ = consume life
    }
}

extension NameState {
    /// The request as this name's table takes it, in its own log time.
    func command(for request: LockRequest, in session: SessionID) -> Command.Acquire {
        var command = request.command(in: session)
        if case .until(let deadline) = request.wait { command.waitUntil = logTime(deadline) }
        return command
    }
}
