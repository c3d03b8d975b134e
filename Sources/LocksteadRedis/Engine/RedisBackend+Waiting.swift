package import Lockstead
import RESP

extension RedisBackend {
    /// RULES 20: the longest time between two looks, whatever wake-up was lost.
    ///
    /// Each look is also the waiter's sign of life.
    private static let fallback = Duration.seconds(1)
    /// So that clients who wait for the same end do not look at the same moment.
    private static let mostJitter = Duration.milliseconds(20)
    /// Between two looks at a server that does not answer.
    private static let retryPause = Duration.milliseconds(250)
    /// A server that has not answered for so long ends the wait.
    private static let patience = Duration.seconds(30)

    /// Waits in the queue until granted, timed out, cancelled or refused.
    ///
    /// - Parameters:
    ///   - ask: What is asked for.
    ///   - first: What the first answer said; `nil` where it was lost.
    /// - Returns: The grant, or who is in the way once the wait is over.
    /// - Throws: `LockError`, as an acquire does.
    func wait(_ ask: Ask, from first: Outlook?) async throws(LockError) -> AcquireOutcome {
        let stay = listenInShard(for: ask)
        defer { stay?.end() }
        var (outlook, place) = (first, first?.place)
        var (lastAnswer, isAnswered) = (time.now, first != nil)
        while true {
            await sleep(ask, outlook)
            if var reason = reasonToLeave(ask) {
                reason.effect = await withdraw(ask) ? .didNotHappen : .mayHaveHappened
                throw reason
            }
            switch await look(ask, place) {
            case .success(.granted(let grant)): return try await accept(grant, of: ask)
            case .success(.busy(let description)): return .busy(description)
            case .success(.queued(let next)):
                (outlook, place, lastAnswer, isAnswered) = (next, next.place, time.now, true)
            case .failure(.refused(let error)): throw refused(ask, error)
            case .failure(.unanswered(let error)):
                let isPatient = error.maySubside && lastAnswer.advanced(by: Self.patience) > time.now
                outlook = nil
                if time.now >= ask.request.wait.deadline { return try await endUnanswered(ask, isAnswered, error) }
                if !isPatient, !Task.isCancelled { throw await leave(ask, error) }
            }
        }
    }

    /// Whoever is silent for long is not asked to let go either: that goes on without the caller, whose deadline may come (L5).
    private func leave(_ ask: Ask, _ error: RedisError) async -> LockError {
        var failure = LockError(error)
        if error.maySubside {
            withdrawLater(ask)
            failure.effect = .mayHaveHappened
        } else {
            failure.effect = await withdraw(ask) ? .didNotHappen : .mayHaveHappened
        }
        return failure
    }

    private func reasonToLeave(_ ask: Ask) -> LockError? {
        if Task.isCancelled { return Self.cancelled(ask.request) }
        do throws(LockError) { try ensureRunning() } catch { return error }
        return nil
    }

    /// The server fell silent just as the wait was over: what may be left of the request there is cleaned up without its caller.
    ///
    /// Where it has never answered, nobody can say that the lock was held.
    private func endUnanswered(
        _ ask: Ask, _ isAnswered: Bool, _ error: RedisError
    ) async throws(LockError) -> AcquireOutcome {
        guard isAnswered else { throw await given(up: ask, error) }
        withdrawLater(ask)
        return .busy(nil)
    }

    /// Returns when a look is due: somebody called, or the time for it has come.
    private func sleep(_ ask: Ask, _ outlook: Outlook?) async {
        guard let wake = ask.wake else { return }
        let jitter = Duration.milliseconds(Int64.random(in: 1...Self.mostJitter.millisecondsUp))
        let pause = outlook.map { $0.opensIn.map { min($0 + jitter, Self.fallback) } ?? Self.fallback + jitter }
        let until = min(ask.request.wait.deadline, time.now.advanced(by: pause ?? Self.retryPause))
        // A cancellation is looked at by the caller.
        _ = try? await wake.signal.sleep(until: until, on: time)
    }

    /// Takes a hand-over that was confirmed, or asks again: a waiter's sign of life.
    private func look(_ ask: Ask, _ place: String?) async -> Result<Asked, AskFailure> {
        let deadline = ask.request.wait.deadline
        if let grant = confirmed(ask) { return .success(.granted(grant)) }
        let isOver = time.now >= deadline
        let limit =
            isOver
            ? max(deadline.advanced(by: Self.veryLastWord), time.now.advanced(by: .milliseconds(10)))
            : min(
                time.now.advanced(by: engine.configuration.timeouts.command), deadline.advanced(by: Self.lastWord))
        return await send(ask, place: place, waits: !isOver, limit)
    }
}

// MARK: Leaving

extension RedisBackend {
    /// For so long a request that was sent and withdrawn may still be on its way, and is refused when it arrives.
    static let onItsWay = Duration.seconds(30)
    private static let leaveTaking = Duration.milliseconds(500)

    /// R26: leaves the queues, giving back a grant that crossed.
    ///
    /// Not cancellable; what fails, or would take longer than the caller has (L5), is done in the background.
    ///
    /// - Returns: Whether the server has answered that it is so.
    @discardableResult
    func withdraw(_ ask: Ask) async -> Bool {
        var end = time.now.advanced(by: Self.leaveTaking)
        if case .until(let deadline) = ask.request.wait { end = min(end, deadline) }
        do throws(LockError) {
            guard time.now < end else { throw Self.cancelled(ask.request) }
            _ = try await runPersistently(cancelCall(ask), until: end)
            return true
        } catch {
            withdrawLater(ask)
            return false
        }
    }

    /// The same, in the backend's own task group: until it is done, or the lease would have run out anyway.
    func withdrawLater(_ ask: Ask) {
        let call = cancelCall(ask)
        let end = time.now.advanced(by: max(ask.request.lease, Self.onItsWay))
        life.add { [self] in
            // What cannot be told to the server by then has ended there by itself.
            _ = try? await runPersistently(call, until: end)
        }
    }

    private func cancelCall(_ ask: Ask) -> RedisScriptCall {
        cancelCall(ask.request, ask.keys, Self.onItsWay(ask))
    }

    private func cancelCall(
        _ request: LockRequest, _ keys: [LockKeys], _ onItsWay: Int64
    ) -> RedisScriptCall {
        var call = freeingCall(LockScripts.cancel, keys)
        call.append(request.id.description)
        call.append(onItsWay)
        return call
    }

    /// For how many milliseconds something of the request may still be on its way; 0 where every attempt was answered.
    static func onItsWay(_ ask: Ask) -> Int64 { ask.lostAnAnswer.isSet ? onItsWay.millisecondsUp : 0 }

    package func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {
        let keys = try keys(of: request.names)
        life.forgetLimit(of: request.id)
        let call = cancelCall(request, keys, Self.onItsWay.millisecondsUp)
        _ = try await runPersistently(call, until: deadline)
        // Whoever still waits under this request is to see that it is over.
        wakes.ring(request.id)
    }
}
