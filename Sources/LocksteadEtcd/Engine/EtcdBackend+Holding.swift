package import Lockstead
import Synchronization

extension EtcdBackend {
    package func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        guard let hold = holds.withLock({ $0.hold(of: grant) }) else { return .lost(.superseded) }
        let deadline = limit(deadline)
        switch await released(hold, until: deadline) {
        case .success(let answered) where answered.answer.succeeded:
            drop(hold)
            return hold.loss.map { .lost($0) } ?? .released
        case .success(let answered):
            let isFree = await freeTheRest(of: hold, until: deadline)
            let isUnknown = answered.isRepeated || hold.isReleaseUnknown
            if isUnknown, hold.session.state.isUsable(at: time.now), hold.loss == nil {
                // It stays known until its end, so that whoever asks again is told the same.
                holds.withLock { $0.releaseIsUnknown(hold.request.id, created: hold.created) }
                throw .unknownRelease(of: grant, isFree: isFree)
            }
            guard isFree else { return .lost(.expired) }
            drop(hold)
            return .lost(hold.loss ?? lossReason(of: hold))
        case .failure(let error) where error.code == .noSuchLease:
            hold.session.ended()
            drop(hold)
            return .lost(hold.loss ?? .expired)
        case .failure(let error): throw LockError(error).with(effect: .mayHaveHappened)
        }
    }

    /// A store that is full takes deletions only.
    private func released(
        _ hold: HoldBook.Hold, until deadline: ContinuousTime
    ) async -> Result<EtcdClient.Answered<Etcdserverpb_TxnResponse>, EtcdError> {
        let answer = await askPersistently(releasing(hold, isMarked: hold.isDoubtful).request, until: deadline)
        guard case .failure(let error) = answer, error.code == .full, hold.isDoubtful else { return answer }
        return await askPersistently(releasing(hold, isMarked: false).request, until: deadline)
    }

    /// Deletes the very keys of a grant, and where its request may still be on its way keeps that out.
    private func releasing(_ hold: HoldBook.Hold, isMarked: Bool) -> Transaction {
        var transaction = Transaction()
        for key in hold.keys {
            transaction.require(key, created: hold.created)
            transaction.then(.delete(key))
        }
        if isMarked, let first = hold.request.names.first {
            let mark = naming.keys(of: first).withdrawal(of: hold.request.id)
            transaction.then(.put(mark, value: [], lease: hold.session.id))
        }
        return transaction
    }

    /// One of several names is lost: the others are freed (R22); whether they are by now.
    private func freeTheRest(of hold: HoldBook.Hold, until deadline: ContinuousTime) async -> Bool {
        for key in hold.keys where hold.keys.count > 1 {
            var transaction = Transaction()
            transaction.require(key, created: hold.created)
            transaction.then(.delete(key))
            // What cannot be freed now ends with its lease, or is ended when its time has come.
            guard case .success = await askPersistently(transaction.request, until: deadline) else { return false }
        }
        return await keepOutLate(hold, until: deadline)
    }

    /// Why a key is gone that nobody here gave back.
    func lossReason(of hold: HoldBook.Hold) -> LossReason {
        if let limit = hold.limit, limit <= time.now { return .holdLimit }
        return hold.session.state.isUsable(at: time.now) ? .superseded : .expired
    }

    func drop(_ hold: HoldBook.Hold) {
        guard holds.withLock({ $0.remove(hold.request.id, created: hold.created) }) != nil else { return }
        sent.withLock { $0.forget(hold.request.id, under: hold.session) }
        hold.session.leave()
    }

    package func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant {
        if case .permits = grant.mode { throw LockError(Refusal.notExclusive) }
        guard let hold = holds.withLock({ $0.hold(of: grant) }), hold.loss == nil else { throw .notHeld(grant) }
        guard !hold.isShared else { return self.grant(hold) }
        var record = ContenderRecord(
            mode: .shared, owner: grant.owner, since: time.wallClockNanoseconds / 1_000_000,
            lease: Int64(hold.request.lease / .milliseconds(1)), note: hold.request.note)
        if hold.request.names.count > 1 { record.names = hold.request.names }
        var transaction = Transaction()
        for key in hold.keys {
            transaction.require(key, created: hold.created)
            transaction.then(.rewrite(key, value: record.bytes))
        }
        switch await askPersistently(transaction.request, until: limit(deadline)) {
        case .success(let answered) where answered.answer.succeeded: break
        case .success: throw .notHeld(grant)
        case .failure(let error) where error.effect == .mayHaveHappened:
            // To believe less than may be is safe, and to believe more is not.
            let (request, end) = (transaction.request, time.now.advanced(by: .seconds(hold.session.seconds)))
            life.add { [self] in _ = await askPersistently(request, until: end) }
        case .failure(let error): throw LockError(error)
        }
        holds.withLock { $0.downgraded(grant.request, created: hold.created) }
        var shared = grant
        shared.mode = .shared
        return shared
    }

    /// Never: every grant has a key of its own (RULES 9).
    package func handOver(_ grant: Grant, to request: LockRequest) async throws(LockError) -> Grant? {
        throw LockError(
            .unsupported, "The engine etcd hands nothing over: every grant has a key of its own. Release, and acquire.",
            effect: .didNotHappen)
    }
}
