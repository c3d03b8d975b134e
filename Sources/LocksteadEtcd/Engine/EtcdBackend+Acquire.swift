package import Lockstead
import Synchronization

extension EtcdBackend {
    /// One call of an acquire: what does not change between its asks.
    struct Ask: Sendable {
        let request: LockRequest
        let session: EtcdSession
        let keys: [LockKeys]
        /// The request's own key in the queue of each name.
        let own: [KeyBytes]
        let value: KeyBytes
        /// Rung when something happens that the request waits for.
        let bell = LookBell()
        /// Whether its keys are in the queues, as far as anybody has said.
        let isPlaced = OnceFlag()
        /// Whether an attempt was sent that nobody answered: it may arrive whenever it likes, after the grant has ended too.
        let lostAnAnswer = OnceFlag()

        /// Says that the request was withdrawn; it lives as long as the lease, without which nothing late can be written.
        var withdrawal: KeyBytes { keys[0].withdrawal(of: request.id) }
    }

    /// Why an ask brought nothing.
    enum AskFailure: Error {
        /// The lock's rules say no.
        case refused(LockError)
        /// Nobody answered.
        case unanswered(EtcdError)
    }

    package func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        visitors.enter()
        defer { visitors.leave() }
        do throws(LockError) { return try await taken(request) } catch {
            // Whoever tries again at once leaves the thread to those who make the connections.
            await Task.yield()
            throw error
        }
    }

    private func taken(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        try request.check(against: capabilities)
        try request.checkRules()
        try ensureRunning()
        guard !Task.isCancelled else {
            throw .cancelledBeforeAsking
        }
        let limit = firstDeadline(of: request)
        try await judge(until: limit)
        let session = try await session(for: request, until: limit)
        defer { session.leave() }
        let ask = ask(for: request, session)
        let (wasSent, isWithdrawn) = sent.withLock { sent in
            let wasSent = sent.sent(request.id, under: session)
            return (wasSent, sent.isWithdrawn(request.id))
        }
        if isWithdrawn { throw gone(ask) }
        // What of it is still under way from an earlier call may arrive after this one has ended.
        if wasSent { ask.lostAnAnswer.set() }
        return time.now < request.wait.deadline ? try await queue(ask) : try await take(ask, limit)
    }

    private func ask(for request: LockRequest, _ session: EtcdSession) -> Ask {
        let keys = request.names.map(naming.keys)
        var record = ContenderRecord(
            mode: request.mode, owner: request.owner, since: time.wallClockNanoseconds / 1_000_000,
            lease: Int64(request.lease / .milliseconds(1)), note: request.note)
        if request.names.count > 1 { record.names = request.names }
        return Ask(
            request: request, session: session, keys: keys,
            own: keys.map { $0.contender(session.id, request.id) }, value: record.bytes)
    }

    /// The session of an earlier attempt, or one that lives; with one more user.
    private func session(for request: LockRequest, until limit: ContinuousTime) async throws(LockError) -> EtcdSession {
        if let earlier = sent.withLock({ $0[request.id] }), earlier.state.isUsable(at: time.now) {
            earlier.enter()
            return earlier
        }
        while true {
            let session = try await sessions.enter(for: request.lease, until: limit)
            if session.state.refreshDue > time.now { return session }
            switch await session.refresh(client, until: limit) {
            case .alive: return session
            case .gone: session.leave()
            case .unknown(let error):
                session.leave()
                throw Task.isCancelled ? Self.cancelled(request) : Self.notAsked(error)
            }
        }
    }

    /// The lock itself was not asked for.
    static func notAsked(_ error: EtcdError) -> LockError {
        var error = error
        error.effect = .didNotHappen
        return LockError(error)
    }

    /// L5: a call returns at most 100 ms after its deadline.
    ///
    /// Who waits for nothing, or whose deadline has passed, gets the configured time.
    func firstDeadline(of request: LockRequest) -> ContinuousTime {
        let patience = time.now.advanced(by: engine.configuration.timeouts.call)
        guard case .until(let deadline) = request.wait, deadline > time.now else { return patience }
        return min(patience, deadline.advanced(by: Self.lastWord))
    }
}

// MARK: What comes of it

extension EtcdBackend {
    /// The grant of a place at the front, unless its task was cancelled or its lease has ended meanwhile (R3).
    ///
    /// - Parameters:
    ///   - ask: What was asked for.
    ///   - created: Its place, which is its token.
    ///   - armedAt: When the sign of life was sent that was answered before the place was read.
    /// - Returns: The grant.
    /// - Throws: `LockError` with the code `cancelled` where the task was cancelled; the place is given back.
    func accept(_ ask: Ask, created: Int64, armedAt: ContinuousTime) async throws(LockError) -> AcquireOutcome {
        if Task.isCancelled {
            let isBack = await withdraw(ask)
            throw Self.cancelled(ask.request).with(effect: isBack ? .didNotHappen : .mayHaveHappened)
        }
        let limit = ask.request.terms.maximumHold.map { time.now.advanced(by: $0) }
        let hold = HoldBook.Hold(
            request: ask.request, session: ask.session, keys: ask.own, created: created, renewedAt: armedAt,
            limit: limit, isDoubtful: ask.lostAnAnswer.isSet)
        return .granted(grant(noted(hold)))
    }

    /// A grant that several callers hear of is one.
    private func noted(_ hold: HoldBook.Hold) -> HoldBook.Hold {
        let (isNew, known) = holds.withLock { holds in
            let isNew = holds.add(hold)
            return (isNew, holds[hold.request.id] ?? hold)
        }
        if isNew {
            hold.session.enter()
            holdsChanged.ring()
        }
        return known
    }

    func grant(_ hold: HoldBook.Hold) -> Grant {
        var grant = Grant(
            request: hold.request.id, owner: hold.request.owner, names: hold.request.names, mode: hold.mode,
            token: FencingToken(rawValue: UInt64(max(0, hold.created))), lease: hold.request.lease,
            validity: .armed(at: hold.renewedAt, for: hold.request.lease), holdLimit: hold.limit,
            guarantee: judgement.guarantee)
        grant.keys = hold.keys.map { String(decoding: $0, as: UTF8.self) }
        return grant
    }

    /// What to throw where nobody knows what became of the request; where it may be on its way, it is withdrawn.
    func given(up ask: Ask, _ error: EtcdError) async -> LockError {
        // What the last attempt says is no word about an earlier one.
        let mayBeThere = ask.isPlaced.isSet || ask.lostAnAnswer.isSet || error.effect != .didNotHappen
        let isCancelled = Task.isCancelled || error.code == .cancelled
        guard !isCancelled else {
            if !mayBeThere { forget(ask) }
            // Whoever gave up must not find the lock taken by itself, as far as one exchange can see to that.
            let isBack = mayBeThere ? await withdraw(ask) : true
            return Self.cancelled(ask.request).with(effect: isBack ? .didNotHappen : .mayHaveHappened)
        }
        if !mayBeThere {
            forget(ask)
        } else if ask.isPlaced.isSet {
            withdrawLater(ask)
        }
        var error = error
        if mayBeThere { error.effect = .mayHaveHappened }
        return LockError(error)
    }

    /// Nothing of the request is there.
    func forget(_ ask: Ask) { sent.withLock { $0.forget(ask.request.id, under: ask.session) } }

    static func cancelled(_ request: LockRequest) -> LockError { .cancelledWait(for: request) }

    func gone(_ ask: Ask) -> LockError { .placeLost(of: ask.request) }

    private var callTime: Duration { engine.configuration.timeouts.call }

    /// Reads once, as part of an acquire: a lost answer leaves nothing behind.
    func read(
        _ ranges: [Etcdserverpb_RangeRequest], for ask: Ask, _ deadline: ContinuousTime
    ) async -> Result<Snapshot, EtcdError> {
        do throws(EtcdError) {
            return .success(try await client.read(ranges, deadline: deadline, within: callTime))
        } catch {
            var error = error
            error.effect = .didNotHappen
            return .failure(error)
        }
    }

    /// Asks once, as part of an acquire: a cancellation ends it, and a lost answer is remembered.
    func ask<Request: EtcdRequest>(
        _ request: Request, for ask: Ask, _ deadline: ContinuousTime
    ) async -> Result<Request.Answer, EtcdError> {
        do throws(EtcdError) {
            let answered = try await client.ask(request, deadline: deadline, within: callTime)
            if answered.isRepeated { ask.lostAnAnswer.set() }
            return .success(answered.answer)
        } catch {
            if error.effect == .mayHaveHappened { ask.lostAnAnswer.set() }
            return .failure(error)
        }
    }
}
