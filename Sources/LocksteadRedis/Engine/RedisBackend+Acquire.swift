package import Lockstead
import RESP

extension RedisBackend {
    /// How an ask, or a later look, went.
    enum Asked: Sendable {
        case granted(Grant)
        case busy(LockDescription?)
        case queued(Outlook)
    }

    /// What a waiter knows of its wait.
    struct Outlook: Sendable {
        /// Its place, which it keeps through everything.
        var place: String
        /// How long until the name may open by itself, where this waiter is the first who would see it.
        var opensIn: Duration?
    }

    /// One call of an acquire: what does not change between its asks.
    struct Ask: Sendable {
        let request: LockRequest
        let keys: [LockKeys]
        let wake: Wake?
        /// Whether an attempt was sent that nobody answered: it may arrive whenever it likes, after the grant has ended too.
        let lostAnAnswer = OnceFlag()
    }

    package func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        do throws(LockError) { return try await taken(request) } catch {
            // Whoever tries again at once leaves the thread to those who make the connections.
            await Task.yield()
            throw error
        }
    }

    private func taken(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        try check(request)
        try request.checkRules()
        let keys = try keys(of: request.names)
        try ensureRunning()
        guard !Task.isCancelled else {
            throw .cancelledBeforeAsking
        }
        let begun = time.now
        try await judge(until: firstDeadline(of: request))
        guard time.now < request.wait.deadline else { return try await ask(once: request, keys, begun) }
        let ask = Ask(request: request, keys: keys, wake: Wake())
        wakes.add(ask)
        defer { wakes.remove(ask) }
        return try await self.ask(ask)
    }

    /// Who does not wait: taken if it is free.
    private func ask(
        once request: LockRequest, _ keys: [LockKeys], _ begun: ContinuousTime
    ) async throws(LockError) -> AcquireOutcome {
        let ask = Ask(request: request, keys: keys, wake: nil)
        let limit = onlyDeadline(of: request, begun)
        while true {
            switch await send(ask, place: nil, waits: false, limit) {
            case .success(.granted(let grant)): return try await accept(grant, of: ask)
            case .success(.busy(let description)): return .busy(description)
            case .success(.queued): throw .badAnswer(of: "acquire")
            case .failure(.refused(let error)): throw refused(ask, error)
            // It finds its own grant if the first attempt was carried out (R23).
            case .failure(.unanswered(let error))
            where error.code == .connectionLost && error.effect == .mayHaveHappened && !Task.isCancelled
                && time.now < limit:
                continue
            case .failure(.unanswered(let error)): throw await given(up: ask, error)
            }
        }
    }

    /// What was revoked before its request knew of it is acknowledged, or it would stay closed until its lease ends (RULES 19).
    func refused(_ ask: Ask, _ error: LockError) -> LockError {
        if error.code == .leaseLost { withdrawLater(ask) }
        return error
    }

    private func ask(_ ask: Ask) async throws(LockError) -> AcquireOutcome {
        switch await send(ask, place: nil, waits: true, firstDeadline(of: ask.request)) {
        case .success(.granted(let grant)): return try await accept(grant, of: ask)
        case .success(.busy(let description)): return .busy(description)
        case .success(.queued(let outlook)): return try await wait(ask, from: outlook)
        case .failure(.refused(let error)): throw refused(ask, error)
        // It finds its own grant or place if the first attempt was carried out (R23).
        case .failure(.unanswered(let error))
        where (error.effect == .mayHaveHappened && error.maySubside || error.isPassing) && !Task.isCancelled
            && time.now < ask.request.wait.deadline:
            return try await wait(ask, from: nil)
        case .failure(.unanswered(let error)): throw await given(up: ask, error)
        }
    }

    /// A grant that crosses the cancellation of its task is given back, not leaked.
    func accept(_ grant: Grant, of ask: Ask) async throws(LockError) -> AcquireOutcome {
        if Task.isCancelled { throw await cancelled(ask, mayBeThere: true) }
        if let limit = grant.holdLimit { life.watchLimit(limit, of: grant.request) }
        return .granted(grant)
    }

    /// What to throw where nobody knows what became of the request; where it may be on its way, it is withdrawn.
    func given(up ask: Ask, _ error: RedisError) async -> LockError {
        if Task.isCancelled || error.code == .cancelled {
            return await cancelled(ask, mayBeThere: error.effect != .didNotHappen || ask.lostAnAnswer.isSet)
        }
        var failure = LockError(error)
        // The script looks at the key before it changes anything.
        if error.code == .wrongType { failure.effect = .didNotHappen }
        // What the last attempt says is no word about an earlier one.
        if ask.lostAnAnswer.isSet { failure.effect = .mayHaveHappened }
        return failure
    }

    /// Takes back what there may be of the request; where that is not answered, nobody knows.
    private func cancelled(_ ask: Ask, mayBeThere: Bool) async -> LockError {
        var error = Self.cancelled(ask.request)
        if mayBeThere, await !withdraw(ask) { error.effect = .mayHaveHappened }
        return error
    }

    static func cancelled(_ request: LockRequest) -> LockError {
        let name = request.names.first?.text ?? ""
        return LockError(.cancelled, "The wait for \"\(name)\" was cancelled.", effect: .didNotHappen)
    }

    /// L5: a call returns at most 100 ms after its deadline.
    ///
    /// Who waits for nothing, or whose deadline has passed, gets the configured time.
    private func firstDeadline(of request: LockRequest) -> ContinuousTime {
        let patience = time.now.advanced(by: engine.configuration.timeouts.command)
        guard case .until(let deadline) = request.wait, deadline > time.now else { return patience }
        return min(patience, deadline.advanced(by: Self.lastWord))
    }

    /// For one who asks once: where its wait has passed meanwhile, there is time for one exchange.
    private func onlyDeadline(of request: LockRequest, _ begun: ContinuousTime) -> ContinuousTime {
        guard case .until(let deadline) = request.wait, begun < deadline else { return firstDeadline(of: request) }
        return max(deadline.advanced(by: Self.veryLastWord), time.now.advanced(by: .milliseconds(10)))
    }

    /// What the last exchange of a call may take beyond its deadline.
    static let lastWord = Duration.milliseconds(60)
    /// And what one more may, where another has used that up.
    static let veryLastWord = Duration.milliseconds(85)
}

// MARK: The script

extension RedisBackend {
    /// A waiter that has given no sign of life for so long is dead: five fallback timers.
    static let silence = Duration.seconds(5)
    /// Beyond this the queue is an outage, and refusing is kinder than waiting.
    static let mostWaiters = 10_000

    /// Why an ask brought nothing.
    enum AskFailure: Error {
        /// The lock's rules say no.
        case refused(LockError)
        /// The script was not answered.
        case unanswered(RedisError)
    }

    /// Sends the acquire script once.
    func send(
        _ ask: Ask, place: String?, waits: Bool, _ deadline: ContinuousTime
    ) async -> Result<Asked, AskFailure> {
        if let error = unconfirmed(.didNotHappen) { return .failure(.unanswered(error)) }
        let call = acquireCall(ask, place: place, waits: waits)
        let sent = time.now
        let answer: AcknowledgedAnswer
        do throws(RedisError) { answer = try await runAcknowledged(call, deadline: deadline) } catch {
            // A script that failed was answered, and comes no more.
            if error.effect == .mayHaveHappened, error.serverText == nil { ask.lostAnAnswer.set() }
            return .failure(.unanswered(error))
        }
        if let error = unconfirmed(.mayHaveHappened) { return .failure(.unanswered(error)) }
        do throws(LockError) {
            let asked = try read(answer.value, ask, sent: sent)
            guard case .granted = asked, let shortfall = answer.shortfall else { return .success(asked) }
            return .failure(.unanswered(await undone(ask, shortfall)))
        } catch {
            return .failure(.refused(error))
        }
    }

    /// R38: a grant that too few replicas have is given back, and nobody hears of it.
    private func undone(_ ask: Ask, _ shortfall: RedisError) async -> RedisError {
        // L5: who has no time left does not wait for that.
        guard time.now < ask.request.wait.deadline || ask.wake == nil else {
            withdrawLater(ask)
            return shortfall
        }
        return await withdraw(ask) ? shortfall.with(effect: .didNotHappen) : shortfall
    }

    private func acquireCall(_ ask: Ask, place: String?, waits: Bool) -> RedisScriptCall {
        let (request, terms) = (ask.request, ask.request.terms)
        var call = freeingCall(LockScripts.acquire, ask.keys)
        call.append(request.id.description)
        call.append(request.owner.description)
        call.append(request.mode.word)
        call.append(request.fairness == .fair ? "f" : "b")
        call.append(request.lease.millisecondsUp)
        call.append(terms.lockDelay.millisecondsUp)
        call.append(terms.minimumHold.millisecondsUp)
        call.append(terms.maximumHoldMilliseconds)
        call.append(waits ? 1 : 0)
        call.append(Self.silence.millisecondsUp)
        call.append(wakeChannel(of: ask.keys))
        call.append(place ?? "-")
        call.append(request.priority)
        call.append(Self.mostWaiters)
        call.append(request.note.word)
        call.append(Self.onItsWay(ask))
        return call
    }

    private func read(_ answer: RESPValue, _ ask: Ask, sent: ContinuousTime) throws(LockError) -> Asked {
        guard let parts = answer.elements, let word = parts.first?.text else { throw .badAnswer(of: "acquire") }
        switch (word, parts.count) {
        case ("granted", 3):
            guard let token = parts[1].text.flatMap(FencingToken.init), let rest = parts[2].integer else {
                throw .badAnswer(of: "acquire")
            }
            return .granted(grant(ask.request, token, armedAt: sent, holdRest: rest))
        case ("queued", 4):
            guard let place = parts[1].text, let rest = parts[2].integer else { throw .badAnswer(of: "acquire") }
            return .queued(Outlook(place: place, opensIn: rest < 0 ? nil : .milliseconds(rest)))
        case ("busy", 3): return .busy(blocker(of: ask, value: parts[1].text ?? "", rest: parts[2].integer ?? -1))
        case ("kind", 2):
            guard let kind = parts[1].text.flatMap(LockKind.init(word:)) else { throw .badAnswer(of: "acquire") }
            throw LockError(Refusal.kindMismatch(kind))
        case ("full", 1): throw LockError(Refusal.tooManyWaiters)
        case ("lost", 2): throw lost(ask.request, parts[1].text ?? "-")
        default: throw .badAnswer(of: "acquire")
        }
    }

    func grant(_ request: LockRequest, _ token: FencingToken, armedAt sent: ContinuousTime, holdRest: Int64) -> Grant {
        Grant(
            request: request.id, owner: request.owner, names: request.names, mode: request.mode, token: token,
            lease: request.lease, validity: .armed(at: sent, for: request.lease),
            holdLimit: request.terms.maximumHold.map { sent.advanced(by: min($0, .milliseconds(holdRest))) },
            guarantee: Self.guarantee)
    }

    private func lost(_ request: LockRequest, _ reason: String) -> LockError {
        let name = request.names.first?.text ?? ""
        let words =
            reason == "withdrawn" ? "it was withdrawn" : "an operator revoked it (\(WakeMessage.reason(reason[...])))"
        return LockError(
            .leaseLost, "The wait for \"\(name)\" ended without the lock: \(words). Ask again.", effect: .didNotHappen)
    }
}
