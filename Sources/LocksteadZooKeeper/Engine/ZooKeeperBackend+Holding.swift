import Jute
package import Lockstead
import Synchronization

extension ZooKeeperBackend {
    package func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        guard let hold = holds.withLock({ $0.hold(of: grant) }) else { return .lost(.superseded) }
        let deadline = limit(deadline)
        let deletions = hold.keys.map { ZKOperation.delete(path: $0) }
        let operation = deletions.count == 1 ? deletions[0] : .multi(deletions)
        let (answer, isRepeated) = await askPersistently(operation, of: hold.session, until: deadline)
        switch answer {
        case .success(let answered) where !answered.isRefused:
            drop(hold)
            return hold.loss.map { .lost($0) } ?? .released
        case .failure(let error) where error.code == .sessionExpired:
            drop(hold)
            return .lost(hold.loss ?? .expired)
        case .failure(let error) where error.code != .noNode: throw LockError(error.with(effect: .mayHaveHappened))
        case .success, .failure:
            try await freeTheRest(of: hold, until: deadline)
            drop(hold)
            // The session lives, so that its nodes end by its own word: an attempt whose answer was lost has done it.
            if isRepeated, hold.loss == nil { return .released }
            return .lost(hold.loss ?? lossReason(of: hold))
        }
    }

    /// One of several names is lost: the others are freed (R22).
    private func freeTheRest(of hold: HoldBook.Hold, until deadline: ContinuousTime) async throws(LockError) {
        for key in hold.keys where hold.keys.count > 1 {
            let answer = await askPersistently(.delete(path: key), of: hold.session, until: deadline).answer
            guard case .failure(let error) = answer, error.code != .noNode else { continue }
            // With the session they are gone; whatever else it is, they may be there.
            guard error.code == .sessionExpired else {
                throw LockError(error.with(effect: .mayHaveHappened))
            }
        }
    }

    /// Why a node is gone that nobody here gave back.
    func lossReason(of hold: HoldBook.Hold) -> LossReason {
        if let limit = hold.limit, limit <= time.now { return .holdLimit }
        return hold.session.isUsable(at: time.now) ? .superseded : .expired
    }

    func drop(_ hold: HoldBook.Hold) {
        guard holds.withLock({ $0.remove(hold.request.id, created: hold.created) }) != nil else { return }
        sent.withLock { $0.forget(hold.request.id, under: hold.session) }
        hold.session.leave()
    }

    /// Never: how a node excludes others is in its name, which does not change.
    package func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant {
        throw LockError(
            .unsupported, "The engine zookeeper has no downgrade. Release, and acquire in shared mode.",
            effect: .didNotHappen)
    }

    /// Never: every grant has a node of its own (RULES 9).
    package func handOver(_ grant: Grant, to request: LockRequest) async throws(LockError) -> Grant? {
        throw LockError(
            .unsupported,
            "The engine zookeeper hands nothing over: every grant has a node of its own. Release, and acquire.",
            effect: .didNotHappen)
    }
}

extension ZKAnswered {
    /// Whether a transaction was rolled back.
    var isRefused: Bool {
        guard case .parts(let parts) = result else { return false }
        return parts.contains { if case .failed = $0 { true } else { false } }
    }
}
