package import Lockstead
import RESP

extension RedisBackend {
    /// One grant in a call of the renewal script.
    struct RenewalItem: Sendable {
        let request: RequestID
        let token: FencingToken
        let lease: Duration
        let keys: [LockKeys]

        init(_ request: LockRequest, _ token: FencingToken, _ keys: [LockKeys]) {
            (self.request, self.token, lease, self.keys) = (request.id, token, request.lease, keys)
        }

        init(_ grant: Grant, _ keys: [LockKeys]) {
            (request, token, lease, self.keys) = (grant.request, grant.token, grant.lease, keys)
        }
    }

    /// More in one script would hold up everybody else for longer than a millisecond.
    private static let largestBatch = 50

    package func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        var items: [RenewalItem] = []
        for grant in grants {
            // A name that this engine granted is one that it takes.
            items.append(RenewalItem(grant, (try? keys(of: grant.names)) ?? []))
        }
        let batches = batches(of: items)
        let sent = time.now
        let answers = await pipelineAcknowledged(
            batches.map { renewCall($0.map { items[$0] }) }, deadline: limit(deadline))
        // What was written to a primary that was cut off a moment before extends nothing where it counts.
        let answered = time.now
        let isConfirmed = await client.confirms(since: sent, until: limit(deadline))
        if !isConfirmed || client.wasReplaced(since: answered) {
            let error = unconfirmed(.mayHaveHappened) ?? .notConfirmedYet
            return grants.map { _ in .unknown(LockError(error)) }
        }
        var outcomes = [RenewalOutcome](repeating: .unknown(.badAnswer(of: "renew")), count: items.count)
        for (batch, answer) in zip(batches, answers) {
            let told = Self.outcomes(of: batch.map { items[$0] }, answer, sent: sent)
            for (index, outcome) in zip(batch, told) { outcomes[index] = outcome }
        }
        return outcomes.enumerated().map { index, outcome in
            guard case .lost(.expired) = outcome, let limit = grants[index].holdLimit, limit <= time.now else {
                return outcome
            }
            return .lost(.holdLimit)
        }
    }

    /// The places of what goes into one script each: in a cluster only what lies in one slot.
    private func batches(of items: [RenewalItem]) -> [[Int]] {
        var groups: [Int: [Int]] = [:]
        for (index, item) in items.enumerated() {
            let slot = engine.topology == .cluster ? item.keys.first.map { ClusterSlot(of: $0.main).number } : nil
            groups[slot ?? 0, default: []].append(index)
        }
        return groups.values.flatMap { group in
            stride(from: 0, to: group.count, by: Self.largestBatch).map {
                Array(group[$0..<min($0 + Self.largestBatch, group.count)])
            }
        }
    }

    func renewCall(_ items: [RenewalItem]) -> RedisScriptCall {
        var call = call(LockScripts.renew, items.flatMap(\.keys), capacity: 80 * items.count)
        for item in items {
            call.append(item.keys.count)
            call.append(item.request.description)
            call.append(item.token.description)
            call.append(item.lease.millisecondsUp)
        }
        return call
    }

    private static func outcomes(
        of batch: [RenewalItem], _ answer: Result<AcknowledgedAnswer, RedisError>, sent: ContinuousTime
    ) -> [RenewalOutcome] {
        switch answer {
        case .failure(let error): return batch.map { _ in .unknown(LockError(error)) }
        case .success(let answer):
            guard let words = answer.value.elements, words.count == batch.count else {
                return batch.map { _ in .unknown(.badAnswer(of: "renew")) }
            }
            return zip(batch, words).map { item, word in
                let outcome = outcome(of: item, word.text ?? "", sent: sent)
                guard case .renewed = outcome, let shortfall = answer.shortfall else { return outcome }
                return .unknown(LockError(shortfall))
            }
        }
    }

    private static func outcome(of item: RenewalItem, _ word: String, sent: ContinuousTime) -> RenewalOutcome {
        if holdRest(ofRenewal: word) != nil { return .renewed(.armed(at: sent, for: item.lease)) }
        if word.hasPrefix("revoked ") { return .lost(.revoked(WakeMessage.reason(word.dropFirst(8)))) }
        return switch word {
        case "free": .lost(.expired)
        case "other": .lost(.superseded)
        default: .unknown(.badAnswer(of: "renew"))
        }
    }

    /// The milliseconds after `ok`; `nil` for any other answer.
    static func holdRest(ofRenewal word: String) -> Int64? {
        word.hasPrefix("ok ") ? Int64(word.dropFirst(3)) : nil
    }

    package func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        let keys = try keys(of: grant.names)
        life.forgetLimit(of: grant.request)
        var call = freeingCall(LockScripts.release, keys)
        call.append(grant.request.description)
        call.append(grant.token.description)
        let (answer, isRepeated) = try await releaseAnswer(to: call, grant, deadline)
        guard let parts = answer.elements, parts.count == 2, let freed = parts[0].integer else {
            throw .badAnswer(of: "release")
        }
        if freed == Int64(keys.count) { return .released }
        // A repetition cannot tell its own first attempt from an end of the lease.
        if isRepeated {
            unknownReleases.add(grant)
            throw .unknownRelease(of: grant, isFree: true)
        }
        if let limit = grant.holdLimit, limit <= time.now { return .lost(.holdLimit) }
        return .lost(freed == 0 ? .expired : .superseded)
    }

    /// - Returns: The answer, and whether this or an earlier call may have freed it before.
    private func releaseAnswer(
        to call: RedisScriptCall, _ grant: Grant, _ deadline: ContinuousTime
    ) async throws(LockError) -> (answer: RESPValue, isRepeated: Bool) {
        let wasAsked = unknownReleases.remove(grant)
        do throws(LockError) {
            let (answer, isRepeated) = try await runPersistently(call, until: deadline)
            return (answer, isRepeated || wasAsked)
        } catch {
            if wasAsked || error.effect == .mayHaveHappened { unknownReleases.add(grant) }
            throw error
        }
    }

    package func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant {
        let keys = try keys(of: grant.names)
        var call = freeingCall(LockScripts.downgrade, keys)
        call.append(grant.request.description)
        call.append(grant.token.description)
        let (answer, isRepeated) = try await runPersistently(call, until: deadline)
        guard answer.integer == 1 else {
            var failure = Self.notHeld(grant)
            // It may have been shared for a while, and then have ended.
            if isRepeated { failure.effect = .mayHaveHappened }
            throw failure
        }
        var shared = grant
        shared.mode = .shared
        return shared
    }

    static func notHeld(_ grant: Grant) -> LockError {
        let name = grant.names.first?.text ?? ""
        return LockError(
            .notHeld, "The lock \"\(name)\" is not held any more. Acquire it again.", effect: .didNotHappen)
    }

    package func handOver(_ grant: Grant, to request: LockRequest) async throws(LockError) -> Grant? {
        try request.check(against: capabilities)
        try request.checkRules()
        guard grant.names.count == 1, request.names == grant.names else { throw LockError(Refusal.badNames) }
        guard request.mode == .exclusive else { throw LockError(Refusal.notExclusive) }
        let call = handOverCall(grant, to: request, try keys(of: grant.names))
        let sent = time.now
        let (answer, shortfall) = try await handOverAnswer(to: call, sent.advanced(by: Self.handOverPatience))
        guard let parts = answer.elements, let word = parts.first?.text else { throw .badAnswer(of: "handover") }
        switch (word, parts.count) {
        case ("refused", 1): return nil
        case ("lost", 1): throw Self.notHeld(grant)
        case ("granted", 3):
            guard let token = parts[1].text.flatMap(FencingToken.init), let rest = parts[2].integer else {
                throw .badAnswer(of: "handover")
            }
            if let shortfall { throw await undone(request, shortfall) }
            let new = self.grant(request, token, armedAt: sent, holdRest: rest)
            life.forgetLimit(of: grant.request)
            if let limit = new.holdLimit { life.watchLimit(limit, of: new.request) }
            return new
        default: throw .badAnswer(of: "handover")
        }
    }

    /// Not affected by cancellation of the calling task, as ``answer(to:_:)``.
    ///
    /// Asked again where an answer was lost: the old grant may have ended with it, and its holder would be told of a loss that is none.
    private func handOverAnswer(
        to call: RedisScriptCall, _ deadline: ContinuousTime
    ) async throws(LockError) -> (RESPValue, RedisError?) {
        let limit = limit(deadline)
        let answer = try await shieldedFromCancellation { await self.handOverAnswer(to: call, until: limit) }.get()
        return (answer.value, answer.shortfall ?? unconfirmed(.mayHaveHappened))
    }

    private static let pauseOfHandOver = Duration.milliseconds(10)

    private func handOverAnswer(
        to call: RedisScriptCall, until limit: ContinuousTime
    ) async -> Result<AcknowledgedAnswer, LockError> {
        var mayBeDone = false
        while true {
            do throws(RedisError) {
                return .success(try await runAcknowledged(call, deadline: limit))
            } catch {
                // What the last attempt says is no word about an earlier one.
                mayBeDone = mayBeDone || error.effect == .mayHaveHappened
                let isOpen = mayBeDone && error.maySubside && !life.isOver
                guard isOpen, time.now.advanced(by: Self.pauseOfHandOver) < limit else {
                    return .failure(LockError(mayBeDone ? error.with(effect: .mayHaveHappened) : error))
                }
                // Shielded: nobody cancels it.
                try? await time.sleep(until: time.now.advanced(by: Self.pauseOfHandOver))
            }
        }
    }

    /// The old grant has ended with the hand-over, and the new one counts for nothing.
    private func undone(_ request: LockRequest, _ shortfall: RedisError) async -> LockError {
        // Where this fails too, the lease ends it.
        try? await cancel(request, deadline: time.now.advanced(by: Self.handOverPatience))
        return LockError(shortfall)
    }

    private static let handOverPatience = Duration.seconds(2)

    private func handOverCall(_ grant: Grant, to request: LockRequest, _ keys: [LockKeys]) -> RedisScriptCall {
        var call = call(LockScripts.handOver, keys)
        call.append(grant.request.description)
        call.append(grant.token.description)
        call.append(request.id.description)
        call.append(request.owner.description)
        call.append(request.lease.millisecondsUp)
        call.append(request.terms.lockDelay.millisecondsUp)
        call.append(request.terms.minimumHold.millisecondsUp)
        call.append(request.terms.maximumHoldMilliseconds)
        call.append(wakeChannel(of: keys))
        call.append(request.note.word)
        return call
    }
}
