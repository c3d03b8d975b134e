internal import Dispatch
package import LockCore
internal import Synchronization

extension FileBackend {
    /// Begins to watch what could end a grant before its lease: an operator, or somebody who removes files.
    func hold(_ grant: Grant, _ key: NameKey) -> Grant {
        let session = session(of: grant)
        let files = [key.lifelineFile(of: session), key.stateFile]
        let watches = files.compactMap { file in
            notifier.watch(store.folder.path(of: file), for: .touched) { [weak self] _ in self?.examine(grant, key) }
        }
        lives.withLock { lives in
            lives.byRequest[grant.request]?.signal = nil
            lives.byRequest[grant.request]?.watches = watches
        }
        return grant
    }

    /// The session that holds a grant: that of its own request, or, after a hand-over, of the first in the row.
    func session(of grant: Grant) -> SessionID {
        lives.withLock { $0.byRequest[grant.request]?.lifeline.session }
            ?? SessionID(high: grant.request.high, low: grant.request.low)
    }

    package func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        await withTaskGroup(of: (Int, RenewalOutcome).self) { group in
            for (index, grant) in grants.enumerated() {
                group.addTask { (index, await self.renew(grant, deadline)) }
            }
            var outcomes: [Int: RenewalOutcome] = [:]
            for await (index, outcome) in group { outcomes[index] = outcome }
            return grants.indices.compactMap { outcomes[$0] }
        }
    }

    private func renew(_ grant: Grant, _ deadline: ContinuousTime) async -> RenewalOutcome {
        guard let name = grant.names.first else { return .lost(.superseded) }
        let key = NameKey(name)
        do throws(LockError) {
            let outcome = try await worker.attempt(key, until: deadline) { () throws(LockError) in
                try self.renewOnce(grant, key)
            }
            return outcome ?? .unknown(stuck(key))
        } catch {
            // A state that cannot be read renews nobody, and repair starts it anew without us.
            return error.code == .corruptState ? .lost(.engineLost(error.message)) : .unknown(error)
        }
    }

    /// R14: only what the state still shows as ours is renewed, and only while our own lease runs.
    private func renewOnce(_ grant: Grant, _ key: NameKey) throws(LockError) -> Attempt<RenewalOutcome> {
        let (session, lifeline) = (session(of: grant), lives.withLock { $0.byRequest[grant.request]?.lifeline })
        let attempt = try store.view(key) { (state, _, now) throws(LockError) -> RenewalOutcome in
            guard let lifeline else { return .lost(self.lossReason(grant, session, state, now)) }
            do throws(SystemError) {
                if let reason = try self.loss(grant, lifeline, state, now) { return .lost(reason) }
                try lifeline.arm(until: now + TimeSpan(grant.lease))
            } catch {
                throw error.lockError()
            }
            return .renewed(.armed(at: now, for: grant.lease))
        }
        switch attempt {
        case .contended: return .contended
        case .done(let outcome): return .done(outcome ?? .lost(.engineLost("its state file was removed")))
        }
    }

    /// Why a grant is lost, or `nil` where it is held.
    ///
    /// The state is that of now, the dead taken out.
    private func loss(
        _ grant: Grant, _ lifeline: Lifeline, _ state: NameState, _ now: ContinuousTime
    ) throws(SystemError) -> LossReason? {
        guard let holder = state.holder(lifeline.session, grant.token), holder.phase == .held else {
            return lossReason(grant, lifeline.session, state, now)
        }
        return try lifeline.isInPlace() ? nil : .engineLost("its file \(lifeline.path) was removed")
    }

    private func lossReason(
        _ grant: Grant, _ session: SessionID, _ state: NameState, _ now: ContinuousTime
    ) -> LossReason {
        if let reason = state.entry(of: session)?.revocation { return .revoked(reason) }
        if let limit = grant.holdLimit, limit <= now { return .holdLimit }
        return state.entry(of: session) == nil ? .expired : .superseded
    }

    /// Something touched a grant's files: look whether it still is ours, and tell once if not.
    private func examine(_ grant: Grant, _ key: NameKey) {
        worker.enqueue(on: FileWorker.lane(of: key)) { [weak self] in
            guard let self, let life = self.lives.withLock({ $0.byRequest[grant.request] }), !life.isTold else {
                return
            }
            do throws(LockError) {
                switch try self.lossNow(grant, key, life.lifeline) {
                case .contended: self.examineLater(grant, key)
                case .done(nil): return
                case .done(let reason?): self.tell(grant, reason)
                }
            } catch {
                // Whatever else is wrong with the folder now, the next renewal will tell.
                if error.code == .corruptState { self.tell(grant, .engineLost(error.message)) }
            }
        }
    }

    private func examineLater(_ grant: Grant, _ key: NameKey) {
        worker.enqueue(on: FileWorker.lane(of: key), after: .milliseconds(2)) { [weak self] in
            self?.examine(grant, key)
        }
    }

    private func lossNow(_ grant: Grant, _ key: NameKey, _ lifeline: Lifeline) throws(LockError) -> Attempt<LossReason?>
    {
        let attempt = try store.view(key) { (state, _, now) throws(LockError) -> LossReason? in
            do throws(SystemError) { return try self.loss(grant, lifeline, state, now) } catch {
                throw error.lockError()
            }
        }
        switch attempt {
        case .contended: return .contended
        case .done(nil): return .done(.engineLost("its state file was removed"))
        case .done(let reason?): return .done(reason)
        }
    }

    private func tell(_ grant: Grant, _ reason: LossReason) {
        let notices = lives.withLock { lives -> AsyncStream<BackendNotice>.Continuation? in
            guard let life = lives.byRequest[grant.request], !life.isTold else { return nil }
            lives.byRequest[grant.request]?.isTold = true
            return lives.notices
        }
        notices?.yield(.lost(grant.request, reason))
    }
}

extension FileBackend {
    package func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        guard let name = grant.names.first else { return .lost(.superseded) }
        let key = NameKey(name)
        let session = session(of: grant)
        unwatch(grant)
        do throws(LockError) {
            let outcome = try await worker.attempt(key, until: deadline) { () throws(LockError) in
                try self.releaseOnce(grant, session, key)
            }
            guard let outcome else { throw stuck(key) }
            if outcome.endsSession { forget(grant.request) }
            return outcome.value
        } catch {
            // What cannot be written down the closed lifeline says: the lock is free as soon as the state can be written again.
            forget(grant.request)
            throw error
        }
    }

    /// Our own release must not be taken for somebody else's doing.
    private func unwatch(_ grant: Grant) {
        let life = lives.withLock { lives in
            defer {
                lives.byRequest[grant.request]?.isTold = true
                lives.byRequest[grant.request]?.watches = []
            }
            return lives.byRequest[grant.request]
        }
        // The watches end here, outside the lock.
        _ = consume life
    }

    private struct Released: Sendable {
        var value: ReleaseOutcome
        var endsSession: Bool
    }

    /// R17, R18: frees this session's grant under this very token, and ends the session only if nothing newer lives in it.
    private func releaseOnce(
        _ grant: Grant, _ session: SessionID, _ key: NameKey
    ) throws(LockError) -> Attempt<Released> {
        let attempt = try store.change(key, creating: false) { (state, now) throws(LockError) -> Released in
            let reason = self.lossReason(grant, session, state, now)
            guard state.entry(of: session) != nil else {
                self.discard(session, key)
                return Released(value: .lost(reason), endsSession: true)
            }
            let answer = state.apply(
                .release(.init(session: session, names: grant.names, token: grant.token)), at: now)
            let endsSession = state.isIdle(session)
            if endsSession { state.close(session, at: now) }
            return Released(value: answer == .released ? .released : .lost(reason), endsSession: endsSession)
        }
        switch attempt {
        case .contended: return .contended
        case .done(let change):
            if change == nil { discard(session, key) }
            let gone = Released(value: .lost(.engineLost("its state file was removed")), endsSession: true)
            return .done(change?.value ?? gone)
        }
    }

    package func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {
        guard let name = request.names.first else { return }
        defer { forget(request.id) }
        try await withdraw(request, NameKey(name), until: deadline)
    }

    /// Ends a request's session, whatever it has become.
    func withdraw(_ request: LockRequest, _ key: NameKey, until deadline: ContinuousTime) async throws(LockError) {
        let session = SessionID(high: request.id.high, low: request.id.low)
        let done = try await worker.attempt(key, until: deadline) { () throws(LockError) -> Attempt<Bool> in
            let attempt = try self.store.change(key, creating: false) { (state, now) throws(LockError) in
                guard state.entry(of: session) != nil else { return }
                _ = state.apply(.cancel(session, request.id), at: now)
                if state.isIdle(session) { state.close(session, at: now) }
            }
            guard case .done = attempt else { return .contended }
            return .done(true)
        }
        if done == nil { throw stuck(key, effect: .mayHaveHappened) }
    }
}
