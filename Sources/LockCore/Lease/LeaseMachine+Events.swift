extension LeaseMachine {
    /// A renewal is about to be transmitted.
    ///
    /// Of one that is transmitted again, only the first time counts (RULES 2).
    ///
    /// - Returns: Whether to send it at all: a grant that ended or was given back is not renewed (R9).
    package mutating func renewalSent(at now: ContinuousTime) -> Bool {
        guard !isAbandoned, !isStalled(at: now), case let state = state(at: now), !state.isLost else { return false }
        renewalSentAt = renewalSentAt ?? now
        isWithholding = false
        return true
    }

    /// The holder got on with its work.
    package mutating func progressReported(at now: ContinuousTime) { lastProgress = max(lastProgress, now) }

    /// The engine confirmed the same token.
    package mutating func renewalConfirmed(_ validity: Validity, at now: ContinuousTime, effects: inout [Effect]) {
        guard let sentAt = renewalSentAt else { return }
        renewalSentAt = nil
        guard isStillOurs(at: now, &effects) else { return }
        if case .doubted(_, let since) = phase, sentAt < since {
            // It may have been answered by what the doubt is about; ask again.
            nextRenewal = now
            return
        }
        guard extend(validity, sentAt: sentAt) else { return renewalMissed(at: now) }
        guard isStillOurs(at: now, &effects) else { return }
        if isOutdated(sentAt) { nextRenewal = now } else { askedAnewAt = nil }
        hasWarned = false
        effects.append(.push(.renewed(until: validUntil)))
        if case .doubted = phase { believe(&effects) }
    }

    /// No answer, or none that says yes or no.
    ///
    /// It is tried again until the lease runs out (R11).
    package mutating func renewalFailed(at now: ContinuousTime, effects: inout [Effect]) {
        let sentAt = renewalSentAt.take()
        guard isStillOurs(at: now, &effects) else { return }
        renewalMissed(at: now)
        // One that was sent after all it is to answer has not been tried yet.
        if let sentAt, isOutdated(sentAt) { nextRenewal = now }
    }

    /// Whether the engine was to be asked anew after a renewal had been sent.
    private func isOutdated(_ sentAt: ContinuousTime) -> Bool {
        if case .doubted(_, let since) = phase, sentAt < since { return true }
        return askedAnewAt.map { sentAt < $0 } ?? false
    }

    /// Something casts doubt on the grant; a renewal is due at once.
    package mutating func doubtRaised(_ reason: String, at now: ContinuousTime, effects: inout [Effect]) {
        guard isStillOurs(at: now, &effects) else { return }
        let isNews = if case .doubted = phase { false } else { true }
        (phase, nextRenewal) = (.doubted(reason, since: now), now)
        if isNews { effects.append(.push(.suspect(reason))) }
    }

    /// What the engine said of the grant may have gone unheard: a renewal is due at once, which casts no doubt.
    package mutating func wordMissed(at now: ContinuousTime, effects: inout [Effect]) {
        guard isStillOurs(at: now, &effects) else { return }
        (askedAnewAt, nextRenewal) = (now, now)
    }

    /// The engine says that the grant is gone.
    package mutating func lossReported(_ reason: LossReason, at now: ContinuousTime, effects: inout [Effect]) {
        guard isStillOurs(at: now, &effects) else { return }
        finish(reason, at: now, &effects)
    }

    /// The holder gives the lock back: from here on it is not reported as held, before anything is sent (RULES 2).
    ///
    /// - Returns: What could be believed until now.
    package mutating func releaseBegan(at now: ContinuousTime) -> LeaseState {
        let state = state(at: now)
        switch state {
        case .held, .suspect: phase = .over(.released)
        case .lost(let reason): phase = .over(reason)
        }
        // Nothing is left that a timer could end or an answer could change.
        (killAfterLoss, renewalSentAt) = (nil, nil)
        return state
    }

    /// The handle is gone without a release: renewal stops, and the lease runs out by itself (RULES 17).
    package mutating func handleDropped() { isAbandoned = true }

    /// A pause or a jump matters only to what can run out.
    mutating func doubt(_ reason: String, at now: ContinuousTime, _ effects: inout [Effect]) {
        if leaseEnd != nil { doubtRaised(reason, at: now, effects: &effects) }
    }

    /// Ends it for good.
    ///
    /// What was not stopped by a timer is told to stop now, and gets its grace before the kill.
    mutating func finish(_ reason: LossReason, at now: ContinuousTime, _ effects: inout [Effect]) {
        // What a renewal under way will answer is of no interest any more.
        (phase, renewalSentAt) = (.over(reason), nil)
        effects.append(.push(.lost(reason)))
        if !hasStopped { pushStop(&effects) }
        if !hasKilled { killAfterLoss = now + margin / 4 * 3 }
    }

    private mutating func isStillOurs(at now: ContinuousTime, _ effects: inout [Effect]) -> Bool {
        guard !isOver else { return false }
        guard let end = validUntil, now >= end else { return true }
        timeAdvanced(to: now, effects: &effects)
        return false
    }

    /// - Returns: Whether the engine's word confirms anything.
    private mutating func extend(_ validity: Validity, sentAt: ContinuousTime) -> Bool {
        switch validity {
        case .unconfirmed: return false
        // Where progress is asked for, belief runs out even where the engine's grant does not: nothing else would stop the holder.
        case .unlimited where progressBound != nil: arm(at: sentAt, for: lease)
        case .unlimited: (leaseEnd, nextRenewal) = (nil, nil)
        // A session's proof of life may be older than our question, never younger than it.
        case .armed(let armedAt, let duration): arm(at: min(armedAt, sentAt), for: duration)
        }
        return true
    }

    private mutating func renewalMissed(at now: ContinuousTime) {
        nextRenewal = now + LeaseRules.retryDelay(of: armedFor)
    }

    private mutating func believe(_ effects: inout [Effect]) {
        phase = .believed
        effects.append(.push(.held))
    }
}

extension LeaseState {
    /// Whether the lock is not ours any more.
    package var isLost: Bool { if case .lost = self { true } else { false } }
}
