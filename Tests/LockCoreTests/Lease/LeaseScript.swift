@testable import LockCore

/// A lease machine with a clock beside it, so that a test reads as a course of events.
struct LeaseScript {
    var machine: LeaseMachine
    var now: ContinuousTime
    var effects: [LeaseMachine.Effect] = []

    /// A lease armed at zero and arriving at `arrival`.
    init(
        lease: TimeSpan = .seconds(30), arrival: TimeSpan = .zero, renewEvery: TimeSpan? = nil,
        holdLimit: TimeSpan? = nil, progressBound: TimeSpan? = nil, validity: LeaseMachine.Validity? = nil
    ) {
        now = ContinuousTime(nanoseconds: 0) + arrival
        machine = LeaseMachine(
            validity ?? .armed(at: ContinuousTime(nanoseconds: 0), for: lease), lease: lease, renewEvery: renewEvery,
            holdLimit: holdLimit.map { ContinuousTime(nanoseconds: 0) + $0 }, progressBound: progressBound, at: now)
    }

    var state: LeaseState { machine.state(at: now) }
    var pushes: [LeaseEvent] {
        effects.compactMap { effect in if case .push(let event) = effect { event } else { nil } }
    }

    /// Moves the clock, and lets the timers act only where asked to.
    mutating func moveClock(to time: TimeSpan) { now = ContinuousTime(nanoseconds: 0) + time }

    /// Moves the clock to `time` as a punctual loop does: waking at each due moment on the way.
    mutating func run(to time: TimeSpan) {
        let end = ContinuousTime(nanoseconds: 0) + time
        while let due = machine.nextDue, due <= end {
            now = max(now, due)
            let before = machine
            machine.timeAdvanced(to: now, effects: &effects)
            if effects.last == .renew { _ = machine.renewalSent(at: now) }
            precondition(machine != before, "a due moment at which nothing happens would spin the loop")
        }
        now = max(now, end)
    }

    /// Runs on with a clean sheet, so that `effects` are those of this stretch alone.
    mutating func stretch(to time: TimeSpan) {
        effects = []
        run(to: time)
    }

    mutating func confirm(_ validity: LeaseMachine.Validity) {
        machine.renewalConfirmed(validity, at: now, effects: &effects)
    }

    mutating func confirm(armedAt: TimeSpan, for duration: TimeSpan = .seconds(30)) {
        confirm(.armed(at: ContinuousTime(nanoseconds: 0) + armedAt, for: duration))
    }

    mutating func reportProgress() { machine.progressReported(at: now) }
    mutating func send() -> Bool { machine.renewalSent(at: now) }
    mutating func release() -> LeaseState { machine.releaseBegan(at: now) }
    mutating func fail() { machine.renewalFailed(at: now, effects: &effects) }
    mutating func doubt(_ reason: String) { machine.doubtRaised(reason, at: now, effects: &effects) }
    mutating func missWord() { machine.wordMissed(at: now, effects: &effects) }
    mutating func lose(_ reason: LossReason) { machine.lossReported(reason, at: now, effects: &effects) }
}

extension TimeSpan {
    static func at(_ milliseconds: Int64) -> TimeSpan { .milliseconds(milliseconds) }
}

extension ContinuousTime {
    static func at(_ span: TimeSpan) -> ContinuousTime { ContinuousTime(nanoseconds: span.nanoseconds) }
}
