package import Lockstead
import Synchronization

extension EtcdBackend {
    /// So often others change the register between our reading and our writing before we give up.
    private static let mostRaces = 100

    package func load(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> Register {
        let deadline = limit(deadline)
        await watches.allBegun(until: min(deadline, time.now.advanced(by: .seconds(1))), on: time)
        let (state, lease) = try await state(of: naming.keys(of: name), deadline)
        return state.register(remaining: await rest(of: state.value, lease, deadline))
    }

    package func store(_ write: RegisterWrite, deadline: ContinuousTime) async throws(LockError) -> RegisterOutcome {
        try Self.check(write)
        try ensureRunning()
        let deadline = limit(deadline)
        var attempt = StoreAttempt()
        do throws(LockError) {
            let outcome = try await stored(write, deadline, &attempt)
            revoke(attempt.lease)
            return outcome
        } catch {
            guard attempt.isDoubtful else {
                revoke(attempt.lease)
                throw error
            }
            throw error.with(effect: .mayHaveHappened)
        }
    }

    /// What one store has left in the cluster so far.
    private struct StoreAttempt {
        /// A lease that nothing lies on yet, as far as anybody has said.
        var lease: LeaseID?
        /// Whether the cluster has given it.
        var isGranted = false
        /// Whether an attempt whose answer was lost may have been carried out.
        var isDoubtful = false
    }

    private func stored(
        _ write: RegisterWrite, _ deadline: ContinuousTime, _ attempt: inout StoreAttempt
    ) async throws(LockError) -> RegisterOutcome {
        let keys = naming.keys(of: write.name)
        for _ in 0..<Self.mostRaces {
            let (state, lease) = try await state(of: keys, deadline)
            if let own = attempt.lease, own == lease, let span = state.value?.keptFor {
                // An attempt whose answer was lost put the value there.
                kept(keys.registerValue, written: state.valueRevision, for: span, on: own, &attempt)
            }
            let rest = await rest(of: state.value, lease, deadline)
            let decision = try state.decide(write, remaining: rest)
            if case .answer(let outcome) = decision { return try certain(outcome, write.name, attempt) }
            let written = try await self.write(decision, state, write.token, keys, deadline, &attempt)
            guard let written else { continue }
            if decision != .note, state.value?.keptFor != nil { revoke(lease) }
            return .stored(after(decision, state, write.token, written, rest))
        }
        throw .registerChangesTooFast(write.name)
    }

    /// An outcome that says that nothing was written is none where an earlier attempt may have done so.
    private func certain(
        _ outcome: RegisterOutcome, _ name: LockName, _ attempt: StoreAttempt
    ) throws(LockError) -> RegisterOutcome {
        if case .stored = outcome { return outcome }
        guard attempt.isDoubtful else { return outcome }
        throw .registerInDoubt(name)
    }

    private static func check(_ write: RegisterWrite) throws(LockError) {
        guard case .value(let value, let span) = write.content else { return }
        guard value.count <= Register.maximumByteCount else { throw LockError(Refusal.valueTooLong) }
        guard span.map({ $0 > .zero }) ?? true else { throw LockError(Refusal.badTerms) }
    }

    /// What the register holds once a decision was carried out at a revision.
    private func after(
        _ decision: RegisterState.Decision, _ state: RegisterState, _ token: FencingToken, _ revision: Int64,
        _ rest: Duration?
    ) -> Register {
        var (state, rest) = (state, rest)
        state.seen = token
        switch decision {
        case .put(let value): (state.value, state.valueRevision, rest) = (value, revision, value.keptFor)
        case .remove: (state.value, state.valueRevision) = (nil, 0)
        case .note, .answer: break
        }
        return state.register(remaining: rest)
    }

    // MARK: The two keys

    private func state(
        of keys: LockKeys, _ deadline: ContinuousTime
    ) async throws(LockError) -> (state: RegisterState, lease: LeaseID) {
        switch await ask(Etcdserverpb_RangeRequest(keys.register), until: deadline) {
        case .failure(let error): throw Self.notAsked(error)
        case .success(let answered):
            let pairs = answered.answer.kvs
            let value = pairs.first { $0.key.elementsEqual(keys.registerValue) }
            let seen = pairs.first { $0.key.elementsEqual(keys.registerToken) }
            let state = RegisterState(
                value: value.flatMap { RegisterValue($0.value) }, valueRevision: value?.modRevision ?? 0,
                seen: seen.flatMap { FencingToken(String(decoding: $0.value, as: UTF8.self)) },
                seenRevision: seen?.modRevision ?? 0, revision: answered.answer.header.revision)
            return (state, LeaseID(rawValue: value?.lease ?? 0))
        }
    }

    /// How long a value that is kept for a time is still kept: its lease tells in whole seconds.
    private func rest(of value: RegisterValue?, _ lease: LeaseID, _ deadline: ContinuousTime) async -> Duration? {
        guard let span = value?.keptFor else { return nil }
        return await timeToLive(of: lease, deadline).map { min(span, .seconds(max(0, $0)) + .seconds(1)) } ?? span
    }

    /// Carries a decision out unless the register has changed meanwhile; the revision of the change, or `nil`.
    private func write(
        _ decision: RegisterState.Decision, _ state: RegisterState, _ token: FencingToken, _ keys: LockKeys,
        _ deadline: ContinuousTime, _ attempt: inout StoreAttempt
    ) async throws(LockError) -> Int64? {
        var transaction = Transaction()
        transaction.require(keys.registerValue, modified: state.valueRevision)
        transaction.require(keys.registerToken, modified: state.seenRevision)
        transaction.then(.put(keys.registerToken, value: Array("\(token)".utf8), lease: nil))
        var span: Duration?
        if case .put(let value) = decision {
            span = value.keptFor
            try await provideLease(for: span, deadline, &attempt)
            transaction.then(.put(keys.registerValue, value: value.stored, lease: attempt.lease))
        }
        if case .remove = decision { transaction.then(.delete(keys.registerValue)) }
        switch await askPersistently(transaction.request, until: deadline) {
        case .failure(let error):
            attempt.isDoubtful = attempt.isDoubtful || error.effect == .mayHaveHappened
            throw LockError(error)
        case .success(let answered):
            guard answered.answer.succeeded else {
                attempt.isDoubtful = attempt.isDoubtful || answered.isRepeated
                return nil
            }
            let revision = answered.answer.header.revision
            if let span, let lease = attempt.lease {
                kept(keys.registerValue, written: revision, for: span, on: lease, &attempt)
            } else if decision != .note {
                valueEnds.withLock { $0.forget(keys.registerValue) }
            }
            return revision
        }
    }

    // MARK: Values that are kept for a time

    /// Asks for the lease that ends a value whose writer has died: its whole seconds are not shorter than the value is kept.
    ///
    /// It is noted before it is asked for, so that one whose answer was lost is given back.
    private func provideLease(
        for span: Duration?, _ deadline: ContinuousTime, _ attempt: inout StoreAttempt
    ) async throws(LockError) {
        guard let span, !attempt.isGranted else { return }
        let lease = attempt.lease ?? LeaseID(rawValue: Int64.random(in: 1...Int64.max))
        attempt.lease = lease
        var request = Etcdserverpb_LeaseGrantRequest()
        (request.id, request.ttl) = (lease.rawValue, SessionBook.seconds(of: min(span, Self.longestSpan)))
        switch await askPersistently(request, until: deadline) {
        case .success: attempt.isGranted = true
        case .failure(let error) where error.code == .leaseExists: attempt.isGranted = true
        case .failure(let error): throw Self.notAsked(error)
        }
    }

    /// The longest lease there is: a hundred years.
    private static let longestSpan = Duration.seconds(3_155_760_000)

    /// A value lies on its lease; whoever wrote it ends it on time, as long as it lives.
    private func kept(
        _ key: KeyBytes, written revision: Int64, for span: Duration, on lease: LeaseID, _ attempt: inout StoreAttempt
    ) {
        (attempt.lease, attempt.isGranted) = (nil, false)
        let end = ValueEnds.End(key: key, revision: revision, lease: lease)
        valueEnds.withLock { $0.set(end, at: time.now.advanced(by: min(span, Self.longestSpan))) }
        valueEndsChanged.ring()
    }

    /// Runs until the backend stops; what is left then is left to the leases.
    func endValuesAtTheirTimes() async {
        while !Task.isCancelled {
            let (over, next) = valueEnds.withLock { ends in (ends.take(at: time.now), ends.next) }
            for end in over { life.add { [self] in await carryOut(end) } }
            // A cancellation ends the loop.
            _ = try? await valueEndsChanged.sleep(until: next, on: time)
        }
    }

    private func carryOut(_ end: ValueEnds.End) async {
        var transaction = Transaction()
        transaction.require(end.key, modified: end.revision)
        transaction.then(.delete(end.key))
        // What fails is left to the lease too.
        _ = await askPersistently(transaction.request, until: time.now.advanced(by: .seconds(2)))
        revoke(end.lease)
    }

    /// Gives back a lease that no value needs any more: one that is left would stay in the cluster for as long as it was asked for.
    private func revoke(_ lease: LeaseID?) {
        guard let lease, lease.rawValue != 0 else { return }
        var request = Etcdserverpb_LeaseRevokeRequest()
        request.id = lease.rawValue
        let revocation = request
        // What fails is left to the lease itself.
        life.add { [self] in _ = await askPersistently(revocation, until: time.now.advanced(by: .seconds(5))) }
    }
}
