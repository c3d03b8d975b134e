extension LeaseMachine {
    /// The next moment at which ``timeAdvanced(to:effects:)`` has something to do; `nil`: none.
    package var nextDue: ContinuousTime? {
        if isOver { return hasKilled ? nil : killAfterLoss }
        // Nothing runs out and nothing is renewed: the grant of an engine that cannot lose it.
        if validUntil == nil, nextRenewal == nil { return nil }
        let ends = Self.earlier(Self.earlier(warningDue, stopDue), Self.earlier(killDue, validUntil))
        return Self.earlier(renewalDue, ends)
    }

    private static func earlier(_ one: ContinuousTime?, _ other: ContinuousTime?) -> ContinuousTime? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    /// How far a due renewal may be brought forward so that many leases are renewed in one go.
    package var renewalSlack: TimeSpan { min(renewEvery, armedFor / LeaseRules.renewalDivisor) / 16 }

    /// Whether the next thing due is the renewal, which may be brought forward.
    package var isRenewalNext: Bool { renewalDue != nil && renewalDue == nextDue }

    /// Does what is due at `now`.
    ///
    /// A renewal due within its slack is brought forward.
    package mutating func timeAdvanced(to now: ContinuousTime, effects: inout [Effect]) {
        if isOver { return killAfterLossIfDue(now, &effects) }
        pushIfDue(now, &effects)
        if let end = validUntil, now >= end { return finish(reasonOfTheEnd, at: now, &effects) }
        guard let due = renewalDue, now + renewalSlack >= due else { return }
        if isStalled(at: now) { withhold(at: now) } else { effects.append(.renew) }
    }

    /// The lease is let run out; should progress be reported after all, the next look renews it.
    private mutating func withhold(at now: ContinuousTime) {
        isWithholding = true
        nextRenewal = now + LeaseRules.retryDelay(of: armedFor)
    }

    /// Whether the holder reported no progress within its bound.
    func isStalled(at now: ContinuousTime) -> Bool {
        guard let progressBound else { return false }
        return now > lastProgress + progressBound
    }

    /// The wake-up that was planned came so much too late: the process, or the machine, stood still.
    package mutating func wakeUpWasLate(by lateness: TimeSpan, at now: ContinuousTime, effects: inout [Effect]) {
        guard lateness > LeaseRules.pauseThreshold(of: armedFor) else { return }
        doubt("the process or the machine paused", at: now, &effects)
    }

    /// The wall clock moved so much against the continuous one since they were last compared.
    package mutating func wallClockMoved(by step: TimeSpan, at now: ContinuousTime, effects: inout [Effect]) {
        let threshold = LeaseRules.pauseThreshold(of: armedFor)
        guard step > threshold || step < .zero - threshold else { return }
        doubt("the wall clock jumped", at: now, &effects)
    }

    private var renewalDue: ContinuousTime? {
        isRenewing || isAbandoned || isOver ? nil : nextRenewal
    }
    private var warningDue: ContinuousTime? { hasWarned || hasStopped ? nil : validUntil.map { $0 - margin * 2 } }
    private var stopDue: ContinuousTime? { hasStopped ? nil : validUntil.map { $0 - margin } }
    private var killDue: ContinuousTime? { hasKilled ? nil : validUntil.map { $0 - margin / 4 } }

    private mutating func pushIfDue(_ now: ContinuousTime, _ effects: inout [Effect]) {
        guard let end = validUntil else { return }
        if let due = warningDue, now >= due {
            hasWarned = true
            // After a pause there is no use in warning of what is there already.
            if now < end - margin { effects.append(.push(.warning(remaining: (end - now).duration))) }
        }
        if let due = stopDue, now >= due { pushStop(&effects) }
        if let due = killDue, now >= due { pushKill(&effects) }
    }

    private mutating func killAfterLossIfDue(_ now: ContinuousTime, _ effects: inout [Effect]) {
        if !hasKilled, let due = killAfterLoss, now >= due { pushKill(&effects) }
    }

    mutating func pushStop(_ effects: inout [Effect]) {
        hasStopped = true
        effects.append(.push(.stop))
    }

    private mutating func pushKill(_ effects: inout [Effect]) {
        hasKilled = true
        effects.append(.push(.kill))
    }
}
