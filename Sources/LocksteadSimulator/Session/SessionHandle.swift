import LockCore
import SeededRandom

/// One grant in its holder's hands: what the holder believes, and what it does under it.
struct SessionHandle {
    /// What the body does, one after the other.
    enum Work { case read, write, nothing }

    let grant: GrantRecord
    let bug: SessionBug?
    /// A body that does not stop when it is told to writes on: only the resource can refuse it.
    let heedsStop: Bool
    private var machine: LeaseMachine
    private var cached: LeaseState
    private var work: [Work]
    private var nextWork: ContinuousTime
    private var readVersion: UInt64?
    private(set) var wantsRenewal = false
    private var isReleased = false
    /// The number of the release under way.
    var releasing: UInt64?

    init(
        _ grant: GrantRecord, armedAt: ContinuousTime, timeToLive: TimeSpan, work: [Work], heedsStop: Bool,
        bug: SessionBug?, at now: ContinuousTime
    ) {
        (self.grant, self.bug, self.heedsStop, self.work) = (grant, bug, heedsStop, work)
        machine = LeaseMachine(.armed(at: armedAt, for: Self.span(timeToLive, bug)), lease: timeToLive, at: now)
        (cached, nextWork) = (machine.state(at: now), now)
    }

    /// Such that TTL·(1−ρ)/(1+ρ) comes out as TTL·(1−ρ).
    private static func span(_ timeToLive: TimeSpan, _ bug: SessionBug?) -> TimeSpan {
        bug == .oneSidedRateError ? timeToLive / 100 * 101 : timeToLive
    }

    /// Whether its holder would say that it holds the lock, if it were asked now.
    func believes(at now: ContinuousTime) -> Bool {
        (bug == .stateCached ? cached : machine.state(at: now)) == .held
    }

    var isReleasing: Bool { releasing != nil }
    var isOver: Bool { isReleased && work.isEmpty }
    var staysAfterLoss: Bool { !work.isEmpty && !heedsStop }

    func isToBeReleased(at now: ContinuousTime) -> Bool { !isReleased && work.isEmpty && now >= nextWork }

    var nextDue: ContinuousTime {
        var due = machine.nextDue ?? .distantFuture
        if !isReleased || !work.isEmpty { due = min(due, nextWork) }
        return due
    }

    // MARK: What the clock brings

    /// Lets the lease's timers act, and the body after them.
    ///
    /// - Returns: What the body does at a guarded resource.
    mutating func tend(
        at now: ContinuousTime, _ draw: inout SeededGenerator
    ) -> (name: LockName, kind: GuardedOperation.Kind)? {
        var effects: [LeaseMachine.Effect] = []
        machine.timeAdvanced(to: now, effects: &effects)
        cached = machine.state(at: now)
        if effects.contains(.renew) { wantsRenewal = true }
        let mustStop = effects.contains { $0 == .push(.stop) || $0 == .push(.kill) } || cached.isLost
        if mustStop, heedsStop { stop(at: now) }
        guard now >= nextWork, let next = work.first, let name = grant.names.first else { return nil }
        work.removeFirst()
        nextWork = now + .milliseconds(Int64.random(in: 1...700, using: &draw))
        switch next {
        case .nothing: return nil
        case .read: return (name, .read)
        // A write without a read would rest on nothing.
        case .write: return readVersion.map { (name, .write(after: $0)) }
        }
    }

    private mutating func stop(at now: ContinuousTime) { (work, nextWork) = ([], now) }

    mutating func hasRead(_ version: UInt64) { readVersion = version }

    // MARK: Renewal

    mutating func renewalSent(at now: ContinuousTime) {
        wantsRenewal = false
        _ = machine.renewalSent(at: now)
    }

    mutating func renewalFailed(at now: ContinuousTime) {
        var effects: [LeaseMachine.Effect] = []
        machine.renewalFailed(at: now, effects: &effects)
        cached = machine.state(at: now)
    }

    /// The session was proved alive by what was sent at `armedAt`.
    mutating func renewed(armedAt: ContinuousTime, timeToLive: TimeSpan, at now: ContinuousTime) {
        var effects: [LeaseMachine.Effect] = []
        if bug == .leaseFromAnswer || bug == .leaseFromRetry || bug == .anyAnswerRenews {
            // The wrong ways forget when the renewal was first sent.
            machine.renewalFailed(at: now, effects: &effects)
            _ = machine.renewalSent(at: armedAt)
        }
        let validity = LeaseMachine.Validity.armed(at: armedAt, for: Self.span(timeToLive, bug))
        if isReleased, isReleasing, bug == .renewalAfterRelease {
            machine = LeaseMachine(validity, lease: timeToLive, at: now)
        }
        machine.renewalConfirmed(validity, at: now, effects: &effects)
        cached = machine.state(at: now)
    }

    // MARK: Ends

    mutating func releaseBegan(at now: ContinuousTime) {
        isReleased = true
        if bug != .heldUntilReleaseAnswered { _ = machine.releaseBegan(at: now) }
        cached = machine.state(at: now)
    }

    mutating func releaseAnswered(at now: ContinuousTime) {
        releasing = nil
        _ = machine.releaseBegan(at: now)
        cached = machine.state(at: now)
    }

    mutating func lost(_ reason: LossReason, at now: ContinuousTime) {
        var effects: [LeaseMachine.Effect] = []
        machine.lossReported(reason, at: now, effects: &effects)
        cached = machine.state(at: now)
        if heedsStop { stop(at: now) }
    }

    /// Nobody is left to take a release.
    mutating func sessionGone() { (isReleased, releasing) = (true, nil) }

    // MARK: Doubts

    mutating func wokeLate(by lateness: TimeSpan, at now: ContinuousTime) {
        var effects: [LeaseMachine.Effect] = []
        machine.wakeUpWasLate(by: lateness, at: now, effects: &effects)
        cached = bug == .stateCached ? cached : machine.state(at: now)
    }

    mutating func wallClockMoved(by step: TimeSpan, at now: ContinuousTime) {
        var effects: [LeaseMachine.Effect] = []
        machine.wallClockMoved(by: step, at: now, effects: &effects)
        cached = machine.state(at: now)
    }
}
