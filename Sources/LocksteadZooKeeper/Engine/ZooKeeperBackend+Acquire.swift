package import Lockstead
import Synchronization

extension ZooKeeperBackend {
    package func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        visitors.enter()
        defer { visitors.leave() }
        try request.check(against: capabilities)
        try request.checkRules()
        try ensureRunning()
        guard !Task.isCancelled else { throw .cancelledBeforeAsking }
        let session = try session(for: request)
        defer { session.leave() }
        let ask = ask(for: request, session)
        let (wasSent, isWithdrawn) = sent.withLock { sent in
            let wasSent = sent.sent(request.id, under: session)
            return (wasSent, sent.isWithdrawn(request.id))
        }
        if isWithdrawn { throw .placeLost(of: request) }
        if wasSent { ask.isDoubtful.set() }
        do throws(LockError) {
            return time.now < request.wait.deadline ? try await queue(ask) : try await take(ask)
        } catch {
            // Whoever tries again at once leaves the thread to those who make the connections.
            await Task.yield()
            throw error
        }
    }

    /// The session of an earlier attempt, or one that lives; with one more user.
    private func session(for request: LockRequest) throws(LockError) -> ZooKeeperSession {
        if let earlier = sent.withLock({ $0[request.id] }), earlier.isUsable(at: time.now) {
            earlier.enter()
            return earlier
        }
        return try sessions.enter(for: request.lease)
    }
}

// MARK: What comes of it

extension ZooKeeperBackend {
    /// The grant of a place at the front, unless its task was cancelled meanwhile (R3).
    func accept(_ ask: Ask, _ place: Place, _ proof: ProofOfLife) async throws(LockError) -> AcquireOutcome {
        if Task.isCancelled {
            let isBack = await withdraw(ask, place)
            throw .cancelledWait(for: ask.request).with(effect: isBack ? .didNotHappen : .mayHaveHappened)
        }
        let limit = ask.request.terms.maximumHold.map { time.now.advanced(by: $0) }
        let keys = zip(ask.paths, place.own).map { $0.contender($1) }
        let hold = HoldBook.Hold(
            request: ask.request, session: ask.session, keys: keys, created: place.created, renewedAt: proof.sent,
            limit: limit, isDoubtful: false)
        let known = noted(hold)
        // Who ended the session meanwhile has told those holds only that were known.
        if ask.session.isOver { drop(known) }
        // One that was revoked stays known: its holder gives it back, or its time comes.
        guard known.loss == nil, !ask.session.isOver else { throw .placeLost(of: ask.request) }
        return .granted(grant(known, proof))
    }

    /// A grant that several callers hear of is one.
    private func noted(_ hold: HoldBook.Hold) -> HoldBook.Hold {
        let (isNew, known) = holds.withLock { holds in
            let isNew = holds.add(hold)
            // Its end is counted from the same proof as what its caller is told.
            if !isNew { holds.renewed(hold.request.id, created: hold.created, at: hold.renewedAt) }
            return (isNew, holds[hold.request.id] ?? hold)
        }
        if isNew {
            hold.session.enter()
            holdsChanged.ring()
        }
        return known
    }

    private func grant(_ hold: HoldBook.Hold, _ proof: ProofOfLife) -> Grant {
        var grant = Grant(
            request: hold.request.id, owner: hold.request.owner, names: hold.request.names, mode: hold.mode,
            token: FencingToken(rawValue: UInt64(max(0, hold.created))), lease: hold.request.lease,
            validity: proof.validity(for: hold.request.lease), holdLimit: hold.limit, guarantee: Self.guarantee)
        grant.keys = hold.keys
        return grant
    }

    /// What to throw where nobody knows what became of the request; where something of it may be there, it is withdrawn.
    func given(up ask: Ask, _ error: ZooKeeperError, _ place: Place? = nil) async -> LockError {
        let mayBeThere = place != nil || ask.isDoubtful.isSet || error.effect != .didNotHappen
        let isCancelled = Task.isCancelled || error.code == .cancelled
        guard mayBeThere else {
            forget(ask)
            return isCancelled ? .cancelledWait(for: ask.request) : LockError(ask.session.explained(error))
        }
        // Whoever gave up must not find the lock taken by itself, as far as one exchange can see to that.
        let isBack = await withdraw(ask, place)
        let effect: LockError.Effect = isBack ? .didNotHappen : .mayHaveHappened
        if isCancelled { return .cancelledWait(for: ask.request).with(effect: effect) }
        return LockError(ask.session.explained(error).with(effect: effect))
    }

    /// Nothing of the request is there.
    func forget(_ ask: Ask) { sent.withLock { $0.forget(ask.request.id, under: ask.session) } }
}

extension ProofOfLife {
    /// Until when a grant may be believed: as long as the leader keeps the session from when it certainly heard of it.
    func validity(for lease: Duration) -> Grant.Validity {
        .armed(at: sent, for: max(.zero, lease - touched.duration(to: sent)))
    }
}
