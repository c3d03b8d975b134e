/// What the holder of one grant may believe, and when it has to act (RULES 1–3).
///
/// Belief is computed from the time at each read and never stored: a timer that fires late can make an event late, not a belief wrong.
/// Every `now` is a reading of the continuous clock taken while the caller has exclusive access, so that a reading that said *lost* is
/// never followed by an answer that was read earlier.
package struct LeaseMachine: Sendable, Equatable {
    /// Until when the engine's word may be believed.
    package enum Validity: Sendable, Hashable {
        /// The engine cannot lose it.
        case unlimited
        /// Counted from the first transmission of the request.
        case armed(at: ContinuousTime, for: TimeSpan)
        /// Not at all, before a renewal has confirmed it.
        case unconfirmed
    }

    /// What came out, in the order it must happen.
    package enum Effect: Sendable, Hashable {
        /// Tell whoever listens.
        case push(LeaseEvent)
        /// Send a renewal of this grant.
        case renew
    }

    enum Phase: Sendable, Hashable {
        /// Can transition to: `doubted`, `over`.
        case believed
        /// Only a renewal sent at `since` or later takes it back. Can transition to: `believed`, `over`.
        case doubted(String, since: ContinuousTime)
        /// Can transition to: nothing.
        case over(LossReason)
    }

    static let awaitsConfirmation = "the grant awaits its confirming renewal"

    /// The lease the grant was asked with.
    let lease: TimeSpan
    let renewEvery: TimeSpan
    /// When the cap on the total hold ends the grant.
    let holdLimit: ContinuousTime?
    /// How long the cap leaves from the start; `nil`: there is none.
    private let holdSpan: TimeSpan?
    /// Without progress for longer than this the grant is not renewed; `nil`: progress is not asked for.
    let progressBound: TimeSpan?
    /// When the holder reported progress last; at first, when it got the grant.
    var lastProgress: ContinuousTime
    /// When what the engine said runs out; `nil`: never.
    var leaseEnd: ContinuousTime?
    /// For how long the engine armed the lease last: a hand-over may arm it for less than was asked.
    var armedFor: TimeSpan
    var phase = Phase.believed
    /// The first transmission of the renewal in flight.
    var renewalSentAt: ContinuousTime?
    var nextRenewal: ContinuousTime?
    /// Since when the engine is to be asked anew, whatever an earlier renewal still brings.
    var askedAnewAt: ContinuousTime?
    /// The handle is gone: nobody renews any more.
    package internal(set) var isAbandoned = false
    var hasWarned = false
    var hasStopped = false
    var hasKilled = false
    /// A renewal was due and not sent for lack of progress.
    var isWithholding = false
    /// After a loss that no timer announced: when the grace of the stop is over.
    var killAfterLoss: ContinuousTime?

    /// Starts with a grant as it arrived at `now`.
    ///
    /// - Parameters:
    ///   - validity: What the engine said of it.
    ///   - lease: The lease it was asked with.
    ///   - renewEvery: How long after its arming a lease is renewed; a third of it where `nil`.
    ///   - holdLimit: When the cap on the total hold ends it.
    ///   - progressBound: How long it is renewed without a report of progress; without end where `nil`.
    ///   - now: When the grant arrived.
    package init(
        _ validity: Validity, lease: TimeSpan, renewEvery: TimeSpan? = nil, holdLimit: ContinuousTime? = nil,
        progressBound: TimeSpan? = nil, at now: ContinuousTime
    ) {
        (self.lease, self.holdLimit, armedFor) = (lease, holdLimit, lease)
        (self.progressBound, lastProgress) = (progressBound, now)
        holdSpan = holdLimit.map { $0 - now }
        self.renewEvery = renewEvery ?? lease / LeaseRules.renewalDivisor
        switch validity {
        case .unlimited: if progressBound != nil { arm(at: now, for: lease) }
        case .armed(let armedAt, let duration): arm(at: min(armedAt, now), for: duration)
        case .unconfirmed:
            // Nothing is known yet; after one lease without a confirmation there is nothing left to confirm.
            leaseEnd = now + LeaseRules.validity(of: lease)
            (phase, nextRenewal) = (.doubted(Self.awaitsConfirmation, since: now), now)
        }
    }

    /// When the grant ends unless it is renewed; `nil`: it cannot run out.
    package var validUntil: ContinuousTime? {
        guard let leaseEnd else { return holdLimit }
        return min(leaseEnd, holdLimit ?? .distantFuture)
    }

    /// What may be believed at `now`.
    package func state(at now: ContinuousTime) -> LeaseState {
        if case .over(let reason) = phase { return .lost(reason) }
        if let end = validUntil, now >= end { return .lost(reasonOfTheEnd) }
        if case .doubted(let reason, _) = phase { return .suspect(reason) }
        return .held
    }

    /// Whether ``state(at:)`` depends on the time at all: else no clock need be read for it.
    package var canRunOut: Bool { leaseEnd != nil || holdLimit != nil }

    /// Whether a renewal is under way.
    package var isRenewing: Bool { renewalSentAt != nil }

    /// Whether the grant is over and no timer is left to fire: nothing more will come out.
    package var isFinished: Bool { isOver && nextDue == nil }

    /// Whether the phase says so, whatever the time.
    var isOver: Bool { if case .over = phase { true } else { false } }

    /// A hold that is capped at less than a lease has the margin of its cap: else it would be told to stop when it begins.
    var margin: TimeSpan { LeaseRules.margin(of: min(armedFor, holdSpan ?? armedFor)) }

    var reasonOfTheEnd: LossReason {
        if let holdLimit, holdLimit <= leaseEnd ?? .distantFuture { return .holdLimit }
        return isAbandoned ? .abandoned : isWithholding ? .stalled : .expired
    }

    /// Counts a lease from its arming; the newest answer decides, even where the engine shortened the lease.
    mutating func arm(at armedAt: ContinuousTime, for duration: TimeSpan) {
        armedFor = duration
        let end = armedAt + LeaseRules.validity(of: duration)
        leaseEnd = end
        nextRenewal = armedAt + renewalInterval(end: end - armedAt)
    }

    /// A lease shorter than was asked is renewed at its own pace, and none is renewed only once the warning is due.
    private func renewalInterval(end: TimeSpan) -> TimeSpan {
        let pace = armedFor < lease ? min(renewEvery, armedFor / LeaseRules.renewalDivisor) : renewEvery
        let beforeWarning = end - margin * 2
        return min(pace, beforeWarning > .zero ? beforeWarning : end / 4)
    }
}
