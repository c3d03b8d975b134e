import LockCore

extension LockClient {
    /// The line a request waits in, where RULES 9 allows one: a waiting, exclusive, single-name request on an engine that says so.
    func line(for request: LockRequest) -> LocalLines.Key? {
        guard capabilities.queuesLocally, request.mode == .exclusive, request.wait != .never,
            request.names.count == 1
        else { return nil }
        return LocalLines.Key(
            name: request.names[0], lease: request.lease, terms: request.terms, fairness: request.fairness)
    }

    /// Asks the engine, alone or in the local queue.
    func acquireInLine(_ request: LockRequest, _ key: LocalLines.Key) async throws(LockError) -> AcquireOutcome {
        let waiter = lines.drawWaiter()
        guard try lines.beginAlone(key, waiter, priority: request.priority) else {
            return try await waitInLine(request, key, waiter)
        }
        // In the caller's own task: each further one would cost a turn of the executor, and more than the server does.
        do throws(LockError) {
            let outcome = try await askOnce(request)
            answeredAlone(key, waiter, isGranted: outcome.isGranted)
            return outcome
        } catch {
            answeredAlone(key, waiter, isGranted: false)
            throw error
        }
    }

    private func answeredAlone(_ key: LocalLines.Key, _ waiter: LocalQueue.WaiterID, isGranted: Bool) {
        step(key) { line, effects in line.queue.answeredAlone(waiter, isGranted: isGranted, effects: &effects) }
    }

    /// Waits in the local queue.
    private func waitInLine(
        _ request: LockRequest, _ key: LocalLines.Key, _ waiter: LocalQueue.WaiterID
    ) async throws(LockError) -> AcquireOutcome {
        guard case .until(let deadline) = request.wait else {
            return try await stand(request, key, waiter, .distantFuture).get()
        }
        let outcome = await withTaskGroup(of: LocalLines.Outcome?.self) { group in
            group.addTask { await self.stand(request, key, waiter, deadline) }
            group.addTask {
                // It ends early only when it is not needed any more.
                guard (try? await self.time.sleep(until: deadline)) != nil else { return nil }
                self.leave(key, waiter, .success(.busy(nil)))
                return nil
            }
            // The timer brings no outcome: it makes the other child end.
            var outcome: LocalLines.Outcome?
            for await result in group {
                guard let result else { continue }
                outcome = result
                group.cancelAll()
            }
            return outcome
        }
        return try outcome?.get() ?? .busy(nil)
    }

    /// Joins the line, and waits there for an outcome; not beyond its deadline, should that be over before it has joined.
    func stand(
        _ request: LockRequest, _ key: LocalLines.Key, _ waiter: LocalQueue.WaiterID, _ deadline: ContinuousTime
    ) async -> LocalLines.Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled else { return continuation.resume(returning: .failure(Self.left)) }
                let place = LocalLines.Place(request: request, continuation: continuation)
                let newcomer = LocalQueue.Waiter(id: waiter, deadline: deadline, priority: request.priority)
                step(key) { line, effects in
                    line.places[waiter] = place
                    line.queue.join(newcomer, effects: &effects)
                }
                // Handler and timer may have run before there was anyone to leave.
                if Task.isCancelled { leave(key, waiter, .failure(Self.left)) }
                if time.now >= deadline { leave(key, waiter, .success(.busy(nil))) }
            }
        } onCancel: {
            leave(key, waiter, .failure(Self.left))
        }
    }

    private func leave(_ key: LocalLines.Key, _ waiter: LocalQueue.WaiterID, _ outcome: LocalLines.Outcome) {
        let id: RequestID = identifiers.make()
        let acts = lines.change(key) { line, acts in
            var effects: [LocalQueue.Effect] = []
            if line.queue.leave(waiter, effects: &effects) { line.answer([waiter], outcome, into: &acts) }
            line.acts(effects, grant: nil, newID: id, into: &acts)
        }
        carryOut(acts, key)
    }

    private func step(
        _ key: LocalLines.Key, grant: Grant? = nil,
        _ body: (inout LocalLines.Line, inout [LocalQueue.Effect]) -> Void
    ) {
        let id: RequestID = identifiers.make()
        let acts = lines.change(key) { line, acts in
            var effects: [LocalQueue.Effect] = []
            body(&line, &effects)
            line.acts(effects, grant: grant, newID: id, into: &acts)
        }
        carryOut(acts, key)
    }

    private func carryOut(_ acts: [LocalLines.Act], _ key: LocalLines.Key) {
        for act in acts {
            switch act {
            case .ask(let request, let withdrawal): jobs.add { await self.askRemotely(request, withdrawal, key) }
            case .withdraw(let withdrawal): withdrawal.set()
            case .answer(let continuation, let outcome): continuation.resume(returning: outcome)
            case .giveBack(let grant): giveBackInBackground(grant)
            }
        }
    }

    /// The one remote request of a line.
    ///
    /// It lives in the client's own task group, so that it outlives the waiter that caused it.
    private func askRemotely(_ request: LockRequest, _ withdrawal: Signal, _ key: LocalLines.Key) async {
        let outcome = await withTaskGroup(of: LocalLines.Outcome?.self) { group in
            group.addTask { await self.askEngine(request) }
            group.addTask {
                await withdrawal.wait()
                return nil
            }
            var outcome: LocalLines.Outcome?
            for await result in group {
                if let result { outcome = result }
                group.cancelAll()
            }
            return outcome ?? .failure(Self.left)
        }
        settle(outcome, of: request, key)
    }

    private func askEngine(_ request: LockRequest) async -> LocalLines.Outcome {
        do {
            return .success(try await askOnce(request))
        } catch {
            return .failure(error)
        }
    }

    private func settle(_ outcome: LocalLines.Outcome, of request: LockRequest, _ key: LocalLines.Key) {
        let now = time.now
        let id: RequestID = identifiers.make()
        let acts = lines.change(key) { line, acts in
            var effects: [LocalQueue.Effect] = []
            line.withdrawal = nil
            var arrived: Grant?
            switch outcome {
            case .success(.granted(let grant)):
                arrived = grant
                line.queue.remoteGranted(effects: &effects)
            case .success(.busy):
                line.answer(line.queue.remoteEnded(at: now, effects: &effects), outcome, into: &acts)
            // We withdrew it: who waits now asks anew, and what its lost answer left behind is being cleaned up.
            case .failure(let error) where error.code == .cancelled || line.queue.remote == .withdrawing:
                let over = line.queue.remoteEnded(at: now, effects: &effects)
                line.answer(over, .success(.busy(nil)), into: &acts)
            case .failure: line.answer(line.queue.remoteFailed(), outcome, into: &acts)
            }
            line.acts(effects, grant: arrived, newID: id, into: &acts)
        }
        carryOut(acts, key)
    }

    private static let left = LockError(
        .cancelled, "The wait for the lock was given up.", effect: .didNotHappen)
}

extension AcquireOutcome {
    fileprivate var isGranted: Bool { if case .granted = self { true } else { false } }
}

// MARK: Hand-over

extension LockClient {
    /// Gives a held grant to the next local waiter as a new grant, instead of releasing it: barging requests only, and a bounded number
    /// of times in a row.
    ///
    /// - Returns: Whether the engine made a new grant; else the old one is to be released.
    func handOver(_ held: HeldGrant, _ key: LocalLines.Key, isAllowed: Bool) async -> Bool {
        guard key.fairness == .barging, capabilities.features.contains(.handOver) else { return false }
        // After a downgrade other readers may be in: there is no exclusive grant to hand over.
        let isOurs = isAllowed && held.mode == .exclusive
        if isOurs, let (waiter, place) = lines.nextForHandOver(key),
            let grant = await handOver(held, to: place.request)
        {
            receive(grant, for: waiter, key)
            return true
        }
        step(key) { line, _ in line.queue.released() }
        return false
    }

    private func handOver(_ held: HeldGrant, to waiting: LockRequest) async -> Grant? {
        var request = waiting
        request.id = identifiers.make()
        do {
            return try await backend.handOver(held.grant, to: request)
        } catch {
            if error.effect == .mayHaveHappened { withdrawInBackground(request) }
            return nil
        }
    }

    private func receive(_ grant: Grant, for waiter: LocalQueue.WaiterID, _ key: LocalLines.Key) {
        let id: RequestID = identifiers.make()
        let acts = lines.change(key) { line, acts in
            var effects: [LocalQueue.Effect] = []
            if line.queue.handedOver(to: waiter, effects: &effects) {
                line.answer([waiter], .success(.granted(grant)), into: &acts)
            } else {
                acts.append(.giveBack(grant))
                line.queue.released()
            }
            line.acts(effects, grant: nil, newID: id, into: &acts)
        }
        carryOut(acts, key)
    }
}
