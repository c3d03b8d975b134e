@testable import LockCore

/// How a client comes to its belief: the machine as it is, or driven in a way that is known to be wrong.
///
/// The wrong ways prove that the walk finds what it looks for.
enum BeliefDefect: String, CaseIterable, Sendable {
    case none
    /// The lease counts from the answer.
    case countsFromTheAnswer
    /// ρ on one side only.
    case oneSidedRateError
    /// The state is stored when something happens instead of computed when it is read.
    case cachedState
    /// A repeated request counts from its repetition.
    case countsFromTheRetry
}

struct LeaseBelief {
    let defect: BeliefDefect
    private(set) var machine: LeaseMachine
    private var cached: LeaseState = .held

    init(
        _ defect: BeliefDefect, firstSent: ContinuousTime, lastSent: ContinuousTime, lease: TimeSpan,
        now: ContinuousTime
    ) {
        self.defect = defect
        let armedAt = Self.arming(defect, firstSent, lastSent, now)
        machine = LeaseMachine(.armed(at: armedAt, for: Self.span(defect, lease)), lease: lease, at: now)
        cached = machine.state(at: now)
    }

    func isHeld(at now: ContinuousTime) -> Bool {
        defect == .cachedState ? cached == .held : machine.state(at: now) == .held
    }

    /// - Returns: Whether a renewal is to be sent.
    mutating func wake(at now: ContinuousTime) -> Bool {
        var effects: [LeaseMachine.Effect] = []
        machine.timeAdvanced(to: now, effects: &effects)
        cached = machine.state(at: now)
        return effects.contains(.renew) && machine.renewalSent(at: now)
    }

    /// The same request once more.
    mutating func retransmit(at now: ContinuousTime) { _ = machine.renewalSent(at: now) }

    mutating func confirm(firstSent: ContinuousTime, lastSent: ContinuousTime, lease: TimeSpan, at now: ContinuousTime)
    {
        var effects: [LeaseMachine.Effect] = []
        let armedAt = Self.arming(defect, firstSent, lastSent, now)
        if armedAt > firstSent {
            // The wrong ways forget when the renewal was first sent.
            machine.renewalFailed(at: now, effects: &effects)
            _ = machine.renewalSent(at: armedAt)
        }
        machine.renewalConfirmed(.armed(at: armedAt, for: Self.span(defect, lease)), at: now, effects: &effects)
        cached = machine.state(at: now)
    }

    mutating func release(at now: ContinuousTime) { _ = machine.releaseBegan(at: now) }

    private static func arming(
        _ defect: BeliefDefect, _ firstSent: ContinuousTime, _ lastSent: ContinuousTime, _ now: ContinuousTime
    ) -> ContinuousTime {
        switch defect {
        case .none, .oneSidedRateError, .cachedState: firstSent
        case .countsFromTheAnswer: now
        case .countsFromTheRetry: lastSent
        }
    }

    /// Such that TTL·(1−ρ)/(1+ρ) comes out as TTL·(1−ρ).
    private static func span(_ defect: BeliefDefect, _ lease: TimeSpan) -> TimeSpan {
        defect == .oneSidedRateError ? TimeSpan(nanoseconds: lease.nanoseconds / 100 * 101) : lease
    }
}
