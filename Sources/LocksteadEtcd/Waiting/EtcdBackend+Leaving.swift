package import Lockstead
import Synchronization

// R26: whoever gives up takes its keys out of the queues, and keeps out what of it is still on its way.
extension EtcdBackend {
    /// Who is told of to one who leaves.
    private static let firstFew = 8
    /// What a call may take in all beyond its deadline, less what it takes to return (L5: 100 ms).
    private static let lastMoment = Duration.milliseconds(90)

    /// Takes the request back.
    ///
    /// Not cancellable, and short: what has no answer at once is tried again in the background.
    ///
    /// - Returns: Whether a member has answered that it is so.
    func withdraw(_ ask: Ask) async -> Bool {
        let answer = await self.ask(withdrawal(of: ask).request, until: time.now.advanced(by: Self.lastWord))
        return isSettled(answer, ask)
    }

    /// The wait is over: leaves, and says who is in the way.
    func leave(_ ask: Ask) async -> LockDescription? {
        var transaction = withdrawal(of: ask)
        for keys in ask.keys { transaction.then(.read(.first(of: keys, count: Self.firstFew))) }
        let answer = await self.ask(transaction.request, until: leaveEnd(ask))
        guard isSettled(answer, ask), case .success(let answered) = answer else { return nil }
        return blocker(of: ask.request, zip(answered.answer.reads, ask.keys).map { ContenderQueue($0, of: $1) })
    }

    private func leaveEnd(_ ask: Ask) -> ContinuousTime {
        let usual = time.now.advanced(by: Self.lastWord)
        guard case .until(let deadline) = ask.request.wait else { return usual }
        return max(min(usual, deadline.advanced(by: Self.lastMoment)), time.now.advanced(by: .milliseconds(20)))
    }

    /// Without a mark as long as nothing was sent twice: marks stay as long as the session.
    private func withdrawal(of ask: Ask) -> Transaction {
        Transaction(deleting: ask.own, marking: ask.lostAnAnswer.isSet ? ask.withdrawal : nil, on: ask.session)
    }

    /// Whether the request is taken back, once and for all; if not, that is seen to in the background.
    private func isSettled<Answer>(_ result: Result<EtcdClient.Answered<Answer>, EtcdError>, _ ask: Ask) -> Bool {
        switch result {
        // An earlier attempt of it may still be on its way, and would take away what comes later.
        case .success(let answered) where !answered.isRepeated || ask.lostAnAnswer.isSet:
            if ask.lostAnAnswer.isSet { ask.session.marked() }
            forget(ask)
        case .failure(let error) where error.code == .noSuchLease: ended(ask)
        default:
            withdrawLater(ask)
            return false
        }
        return true
    }

    private func ended(_ ask: Ask) {
        ask.session.ended()
        forget(ask)
    }

    /// The same, in the backend's own task group: until it is done, or the lease would have run out anyway.
    ///
    /// Until then the request is not taken up again.
    func withdrawLater(_ ask: Ask) {
        let withdrawal = Withdrawal(
            request: ask.request.id, session: ask.session, keys: ask.own, mark: ask.withdrawal)
        sent.withLock { $0.withdrawn(ask.request.id, under: ask.session) }
        life.add { [self] in await carryOut(withdrawal) }
    }

    /// What is to be taken away of one request.
    struct Withdrawal: Sendable {
        let request: RequestID
        let session: EtcdSession
        let keys: [KeyBytes]
        let mark: KeyBytes
    }

    /// Until it is done, whatever the cluster says; what cannot be told to it by the lease's end has ended there by itself.
    func carryOut(_ withdrawal: Withdrawal) async {
        let session = withdrawal.session
        let end = time.now.advanced(by: .seconds(session.seconds) + .seconds(10))
        while time.now < end, !life.isOver {
            let failure = await takeAway(withdrawal.keys, marking: withdrawal.mark, on: session, until: end)
            if failure == nil { break }
            await pause(.seconds(1))
        }
        drop(withdrawal.request, under: session)
    }

    /// Deletes keys that are nobody else's, and marks their request as withdrawn as long as its lease lives.
    ///
    /// A store that is full takes deletions only. Then nothing late gets in either.
    ///
    /// - Returns: What kept it from being done; `nil` where it is.
    func takeAway(
        _ keys: [KeyBytes], marking mark: KeyBytes?, on session: EtcdSession, until deadline: ContinuousTime
    ) async -> EtcdError? {
        for mark in [mark, nil] {
            let transaction = Transaction(deleting: keys, marking: mark, on: session)
            switch await askPersistently(transaction.request, until: deadline) {
            case .success:
                if mark != nil { session.marked() }
                return nil
            case .failure(let error) where error.code == .noSuchLease:
                session.ended()
                return nil
            case .failure(let error) where error.code == .full && mark != nil: continue
            case .failure(let error): return error
            }
        }
        return nil
    }

    package func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {
        guard let session = sent.withLock({ $0[request.id] }) else { return }
        let keys = request.names.map(naming.keys)
        guard let first = keys.first else { return }
        let isFirst = sent.withLock { sent in
            defer { sent.withdrawn(request.id, under: session) }
            return !sent.isWithdrawn(request.id)
        }
        let withdrawal = Withdrawal(
            request: request.id, session: session, keys: keys.map { $0.contender(session.id, request.id) },
            mark: first.withdrawal(of: request.id))
        let failure = await takeAway(
            withdrawal.keys, marking: withdrawal.mark, on: session, until: limit(deadline))
        guard let failure else { return drop(request.id, under: session) }
        // Callers give up before the lease does, on which something late might stay.
        if isFirst { life.add { [self] in await carryOut(withdrawal) } }
        throw LockError(failure).with(effect: .mayHaveHappened)
    }

    /// Nothing of the request is there any more.
    private func drop(_ request: RequestID, under session: EtcdSession) {
        sent.withLock { $0.forget(request, under: session) }
        let hold = holds.withLock { holds in
            holds[request].flatMap { $0.session === session ? holds.remove(request, created: $0.created) : nil }
        }
        hold?.session.leave()
    }
}

extension Transaction {
    /// Deletes a request's keys, which are nobody else's, and where asked marks it as withdrawn for as long as its lease lives.
    fileprivate init(deleting keys: [KeyBytes], marking mark: KeyBytes?, on session: EtcdSession) {
        self.init()
        for key in keys { then(.delete(key)) }
        // A lease that is gone takes no mark, and nothing late either.
        if let mark, !session.state.isGone { then(.put(mark, value: [], lease: session.id)) }
    }
}

extension Etcdserverpb_RangeRequest {
    /// Reads who came first.
    static func first(of keys: LockKeys, count: Int) -> Self {
        var range = Self(keys.contenders, limit: count)
        (range.sortTarget, range.sortOrder) = (.create, .ascend)
        return range
    }
}
