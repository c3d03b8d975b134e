import Lockstead

extension EtcdBackend {
    /// The watch that a waiter keeps from one look to the next, as long as it waits for the same.
    private struct Watching {
        let range: KeyRange
        let id: WatchMachine.WatchID
        let inbox: WatchInbox
    }

    /// The first name that is not free, and what is in the way.
    private struct Obstacle {
        let index: Int
        let standing: QueueStanding
    }

    /// Waits until granted, timed out, cancelled or refused.
    func wait(_ ask: Ask, from first: Place) async throws(LockError) -> AcquireOutcome {
        var (place, watching, failingSince) = (first, Watching?.none, ContinuousTime?.none)
        let farewell = life.atEnd { ask.bell.ring() }
        ask.session.beginWait()
        defer {
            ask.session.endWait()
            life.forgetFarewell(farewell)
            if let watching { hub.cancel(watching.id) }
        }
        while true {
            if let obstacle = try await obstacle(ask, place) {
                await sleep(ask, place, obstacle, &watching)
            } else if isFresh(place, ask) {
                return try await accept(ask, created: place.created, armedAt: place.armedAt)
            }
            if let reason = reasonToLeave(ask) { throw await left(ask, reason) }
            if time.now >= ask.request.wait.deadline { return .busy(await leave(ask)) }
            try await keepAlive(ask)
            place = try await lookedAgain(ask, place, &failingSince)
        }
    }

    /// What the queue says now; what it said before where nobody answers for the time being.
    private func lookedAgain(
        _ ask: Ask, _ place: Place, _ failingSince: inout ContinuousTime?
    ) async throws(LockError) -> Place {
        switch await look(ask, place, lookEnd(ask)) {
        case .success(let next):
            failingSince = nil
            return next
        case .failure(.refused(let error)): throw await left(ask, error)
        case .failure(.unanswered(let error)):
            let since = failingSince ?? time.now
            failingSince = since
            guard error.maySubside || Task.isCancelled, since.advanced(by: Self.patience) > time.now else {
                throw await given(up: ask, error)
            }
            await pause(until: ask)
            ask.bell.ring()
            return place
        }
    }

    /// Between two attempts, and no longer than the wait; a cancellation is looked at in the next round.
    func pause(until ask: Ask) async {
        try? await time.sleep(until: min(ask.request.wait.deadline, time.now.advanced(by: Self.retryPause)))
    }

    /// Whether the lease was renewed so late before the place was read that the grant is worth having (R3).
    private func isFresh(_ place: Place, _ ask: Ask) -> Bool {
        time.now < place.armedAt.advanced(by: ask.request.lease / 2)
    }

    /// `nil` where all names are free.
    private func obstacle(_ ask: Ask, _ place: Place) async throws(LockError) -> Obstacle? {
        for (index, queue) in place.queues.enumerated() {
            let standing = QueueStanding(of: ask.own[index], created: place.created, in: queue)
            switch standing {
            case .granted: continue
            case .gone:
                withdrawLater(ask)
                throw gone(ask)
            case .mismatch(let kind): throw await left(ask, LockError(Refusal.kindMismatch(kind)))
            case .behind, .short: return Obstacle(index: index, standing: standing)
            }
        }
        return nil
    }

    private func reasonToLeave(_ ask: Ask) -> LockError? {
        if Task.isCancelled { return Self.cancelled(ask.request) }
        if ask.session.state.isGone { return gone(ask) }
        do throws(LockError) { try ensureRunning() } catch { return error }
        return nil
    }

    private func left(_ ask: Ask, _ reason: LockError) async -> LockError {
        await withdraw(ask) ? reason : reason.with(effect: .mayHaveHappened)
    }

    /// Returns when a look is due: what is waited for has happened, or a time has come.
    private func sleep(_ ask: Ask, _ place: Place, _ obstacle: Obstacle, _ watching: inout Watching?) async {
        let inbox = watch(ask, place, obstacle, &watching)
        let ticket = waits.begin(
            WaitBook.Wait(
                ask: ask, keys: ask.keys[obstacle.index], own: ask.own[obstacle.index], created: place.created,
                standing: obstacle.standing, revision: place.revision))
        defer { waits.end(ticket) }
        let deadline = ask.request.wait.deadline
        var queue = place.queues[obstacle.index]
        while !Task.isCancelled, time.now < deadline, !life.isOver, !ask.session.state.isGone, !ask.bell.isToLook() {
            var isOver = false
            for news in inbox.take() {
                // One that is refused is not begun again: the round of all waits has to do.
                if news == .compacted { watching = nil }
                let isOpen = queue.lets(ask.own[obstacle.index], place.created, after: news)
                isOver = isOver || isOpen || obstacle.standing != .short
            }
            if isOver { return }
            // A cancellation ends the loop.
            _ = try? await ask.bell.signal.sleep(until: deadline == .distantEnd ? nil : deadline, on: time)
        }
    }

    /// Begins to watch what is in the way, unless that is watched already: then nothing was missed.
    private func watch(_ ask: Ask, _ place: Place, _ obstacle: Obstacle, _ watching: inout Watching?) -> WatchInbox {
        let range =
            if case .behind(let key) = obstacle.standing { KeyRange(only: key) } else {
                ask.keys[obstacle.index].contenders
            }
        if let watching, watching.range == range { return watching.inbox }
        if let watching { hub.cancel(watching.id) }
        let inbox = WatchInbox(ask.bell.signal)
        let id = hub.watch(range, from: place.revision &+ 1, isPrompt: true, inbox)
        watching = Watching(range: range, id: id, inbox: inbox)
        return inbox
    }

    /// A waiter's sign of life, where its session's own comes late.
    private func keepAlive(_ ask: Ask) async throws(LockError) {
        guard ask.session.state.refreshDue <= time.now else { return }
        let limit = min(lookEnd(ask), time.now.advanced(by: engine.configuration.timeouts.call))
        switch await ask.session.refresh(client, until: limit) {
        case .alive: return
        case .unknown: await pause(until: ask)
        case .gone:
            withdrawLater(ask)
            throw gone(ask)
        }
    }

    /// When an exchange of a wait must be over (L5).
    func lookEnd(_ ask: Ask) -> ContinuousTime { ask.request.wait.deadline.advanced(by: Self.lastWord) }
}

extension ContenderQueue {
    /// Whether what was heard lets a request for permits come forward; whoever left is taken out.
    fileprivate mutating func lets(_ own: KeyBytes, _ created: Int64, after news: WatchMachine.News) -> Bool {
        guard case .changed(let events, _) = news else { return true }
        for event in events where event.type == .delete {
            contenders.removeAll { $0.key.elementsEqual(event.kv.key) }
        }
        return QueueStanding(of: own, created: created, in: self) != .short
    }
}
