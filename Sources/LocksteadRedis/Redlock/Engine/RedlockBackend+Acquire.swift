package import Lockstead
import RESP

extension RedlockBackend {
    /// One call of an acquire: what does not change between its rounds.
    struct Ask: Sendable {
        let request: LockRequest
        let keys: LockKeys
        let wake: RedlockWake
        /// By its clock, for its place in the nodes' lists: only an order, no clock to trust.
        let arrival: Int64
        /// The nodes in whose lists it stands.
        let listed = ListedNodes()
        /// Whether it is over: a node that lists it later is told at once.
        let hasLeft = OnceFlag()
        /// Whether some attempt of it may still arrive at a node, where it would be refused.
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
        try request.check(against: capabilities)
        try request.checkRules()
        let keys = try keys(of: request.names)
        try ensureRunning()
        guard !Task.isCancelled else { throw Self.cancelled(request) }
        let ask = Ask(request: request, keys: keys, wake: RedlockWake(), arrival: time.wallClockNanoseconds)
        guard try await comeIn(ask) else { return .busy(nil) }
        defer { gate.leave(request.id) }
        if let grant = try await grantAlready(of: request) { return .granted(grant) }
        try await ready(until: firstDeadline(of: request))
        return try await rounds(of: ask)
    }

    /// Its place in the nodes' lists, the same on all, so that they call the same one first.
    ///
    /// Three digits for the priority, which Redlock has not, then the microseconds of the first ask.
    func place(of request: LockRequest, at arrival: Int64) -> String {
        let micros = String(max(0, arrival / 1_000))
        return "500" + String(repeating: "0", count: max(0, 16 - micros.count)) + micros + request.id.description
    }

    /// Waits until no other call of the same request asks.
    ///
    /// - Returns: Whether the call may ask; its wait may be over before.
    private func comeIn(_ ask: Ask) async throws(LockError) -> Bool {
        let signal = WakeSignal()
        while !gate.enter(ask.request.id, ask.wake, orRing: signal) {
            if Task.isCancelled { throw Self.cancelled(ask.request) }
            guard time.now < ask.request.wait.deadline else { return false }
            // Looked at above.
            _ = try? await signal.sleep(until: ask.request.wait.deadline, on: time)
        }
        return true
    }

    /// What an earlier call of the same request got, if it still is ours (R23, R52).
    private func grantAlready(of request: LockRequest) async throws(LockError) -> Grant? {
        guard let holding = holdings.holding(of: request.id), !holding.isEnding else { return nil }
        let outcomes = await renew([holding.grant], deadline: firstDeadline(of: request))
        switch outcomes[0] {
        case .renewed(let validity):
            var grant = holding.grant
            grant.validity = validity
            return grant
        case .lost: return nil
        case .unknown(let error): throw error
        }
    }

    static func cancelled(_ request: LockRequest) -> LockError {
        let name = request.names.first?.text ?? ""
        return LockError(.cancelled, "The wait for \"\(name)\" was cancelled.", effect: .didNotHappen)
    }

    /// L5: a call returns at most 100 ms after its deadline.
    ///
    /// Who waits for nothing, or whose deadline has passed, gets the configured time.
    func firstDeadline(of request: LockRequest) -> ContinuousTime {
        let patience = time.now.advanced(by: engine.configuration.timeouts.command)
        guard case .until(let deadline) = request.wait, deadline > time.now else { return patience }
        return min(patience, deadline.advanced(by: Self.lastWord))
    }

    /// What the last exchange of a call may take beyond its deadline.
    static let lastWord = Duration.milliseconds(60)
}

// MARK: Rounds until it is decided

extension RedlockBackend {
    /// So often who does not wait tries to settle a split vote.
    private static let mostSplits = 12
    /// Nodes that have not made a majority for so long end the wait: a waiter bears an outage that a fresh call is told of.
    private static func patience(isAnswered: Bool) -> Duration { isAnswered ? .seconds(10) : .seconds(1) }

    /// What a call knows of its rounds so far.
    private struct Progress {
        var splits = 0
        var lastAnswer: ContinuousTime
        var isAnswered = false
        var hasAsked = false
    }

    private func rounds(of ask: Ask) async throws(LockError) -> AcquireOutcome {
        var progress = Progress(lastAnswer: time.now)
        while true {
            if let reason = reasonToLeave(ask) { throw await leave(ask, reason) }
            if progress.hasAsked, isOver(ask) {
                if progress.isAnswered { return finish(ask) }
                throw await leave(ask, unavailable(effect: ask.lostAnAnswer.isSet ? .mayHaveHappened : .didNotHappen))
            }
            progress.hasAsked = true
            let waits = time.now < ask.request.wait.deadline
            ask.wake.reset()
            let rounded = await round(ask, waits: waits)
            if let outcome = try await conclude(rounded, ask, waits: waits, &progress) { return outcome }
            await pause(after: rounded, ask, splits: progress.splits)
        }
    }

    /// What a round means for the call; `nil` to go on.
    private func conclude(
        _ rounded: Rounded, _ ask: Ask, waits: Bool, _ progress: inout Progress
    ) async throws(LockError) -> AcquireOutcome? {
        switch rounded {
        case .granted(let grant): return try await accept(grant, of: ask)
        case .refused(let error): throw await leave(ask, error)
        case .busy(let description, _):
            progress = Progress(lastAnswer: time.now, isAnswered: true, hasAsked: true)
            return waits ? nil : .busy(description)
        case .split:
            (progress.splits, progress.lastAnswer, progress.isAnswered) = (progress.splits + 1, time.now, true)
            guard !waits, progress.splits > Self.mostSplits || isOver(ask) else { return nil }
            leaveLists(ask)
            return .busy(nil)
        case .unreachable(let error):
            let isPatient = waits && error.code == .engineUnavailable
            let end = progress.lastAnswer.advanced(by: Self.patience(isAnswered: progress.isAnswered))
            if isPatient, end > time.now { return nil }
            if progress.isAnswered, !waits { return finish(ask) }
            throw await leave(ask, error)
        }
    }

    /// Whether a call whose deadline has passed has used up what it may take beyond it.
    private func isOver(_ ask: Ask) -> Bool { end(of: ask) <= time.now }

    private func end(of ask: Ask) -> ContinuousTime {
        guard case .until(let deadline) = ask.request.wait else { return .distantFuture }
        return deadline.advanced(by: Self.lastWord)
    }

    /// The nodes fell silent just as the wait was over: what may be left of the request there is cleaned up without its caller.
    private func finish(_ ask: Ask) -> AcquireOutcome {
        leaveLists(ask)
        return .busy(nil)
    }

    private func reasonToLeave(_ ask: Ask) -> LockError? {
        if Task.isCancelled { return Self.cancelled(ask.request) }
        do throws(LockError) { try ensureRunning() } catch { return error }
        guard gate.isWithdrawn(ask.request.id) else { return nil }
        let name = ask.request.names.first?.text ?? ""
        return LockError(
            .leaseLost, "The wait for \"\(name)\" ended without the lock: it was withdrawn. Ask again.",
            effect: .didNotHappen)
    }

    /// A grant that crosses the cancellation of its task, or its withdrawal, is given back, not leaked.
    private func accept(_ grant: Grant, of ask: Ask) async throws(LockError) -> AcquireOutcome {
        if let reason = reasonToLeave(ask) {
            do throws(LockError) { _ = try await release(grant, deadline: time.now) } catch {
                // What cannot be given back now is owed to the nodes.
                var doubt = await leave(ask, reason)
                doubt.effect = .mayHaveHappened
                throw doubt
            }
            throw await leave(ask, reason)
        }
        leaveLists(ask)
        if let limit = grant.holdLimit { life.watchLimit(limit, of: grant.request) }
        return .granted(grant)
    }

    /// The nodes' answers are waited for, where there is time: what was kept free for who leaves is then another's.
    private func leave(_ ask: Ask, _ error: LockError) async -> LockError {
        if let leaving = leaveLists(ask), !isOver(ask) { _ = await leaving.decided() }
        return error
    }
}

// MARK: Between two rounds

extension RedlockBackend {
    /// RULES 20: the longest time between two rounds, whatever wake-up was lost; each is also the waiter's sign of life.
    private static let fallback = Duration.seconds(1)
    /// So that clients who wait for the same end do not ask at the same moment.
    private static let mostJitter = Duration.milliseconds(20)
    /// Between two rounds where no majority answers.
    private static let retryPause = Duration.milliseconds(250)
    /// What the calls of the other nodes may take after the first one's.
    private static let gathering = Duration.milliseconds(4)

    private func pause(after rounded: Rounded, _ ask: Ask, splits: Int) async {
        let now = time.now
        let deadline = max(ask.request.wait.deadline, now.advanced(by: .milliseconds(1)))
        switch rounded {
        // Who was split does not listen: those who are called now are to find the nodes free.
        case .split:
            // A cancellation is looked at by the caller.
            _ = try? await time.sleep(until: min(now.advanced(by: backoff(splits)), end(of: ask)))
        case .busy(_, let opensIn):
            let jitter = Duration.milliseconds(Int64.random(in: 1...Self.mostJitter.millisecondsUp))
            let rest = min(opensIn.map { $0.duration + jitter } ?? Self.fallback + jitter, Self.fallback)
            await sleep(ask, until: min(deadline, now.advanced(by: rest)))
        default: await sleep(ask, until: min(deadline, now.advanced(by: Self.retryPause)))
        }
    }

    /// A random pause that grows with each split, so that one of those who were split comes first.
    private func backoff(_ splits: Int) -> Duration {
        let longest = Int64(2_000) << Int64(min(splits, 5))
        return .microseconds(Int64.random(in: 500...longest))
    }

    /// Sleeps until a majority of the nodes calls, some do and the others stay silent, or the time has come.
    private func sleep(_ ask: Ask, until end: ContinuousTime) async {
        // A cancellation is looked at by the caller.
        _ = try? await ask.wake.signal.sleep(until: end, on: time)
        let patience = min(end, time.now.advanced(by: Self.gathering))
        while (1..<quorum.majority).contains(ask.wake.count), time.now < patience, !Task.isCancelled {
            // As above.
            _ = try? await ask.wake.signal.sleep(until: patience, on: time)
        }
    }
}
