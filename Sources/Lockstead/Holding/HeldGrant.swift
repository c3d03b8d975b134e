import LockCore
import Synchronization

/// The shell of one grant's lease machine: reads the clock, takes the effects out, and carries them out.
final class HeldGrant: Sendable {
    /// Takes events in order, and `nil` as the end, and says whether it still wants more.
    ///
    /// Events come under the grant's lock, so that it may only hand them on. Nobody else takes that lock when a reader is cancelled:
    /// cancellation handlers run under locks of the task, which waking a reader takes too.
    typealias Listener = @Sendable (LeaseEvent?) -> Bool

    struct State {
        var grant: Grant
        var machine: LeaseMachine
        var listeners: [Listener] = []
        var stopActions: [@Sendable () -> Void] = []
        var isStopped = false
        var release = ReleasePhase.open
    }

    enum ReleasePhase: Sendable {
        /// Can transition to: `claimed`.
        case open
        /// Somebody sees to the release. Can transition to: `failed`, `done`.
        case claimed
        /// The release may be repeated. Can transition to: `claimed`.
        case failed
        /// Can transition to: nothing.
        case done
    }

    let id: RequestID
    let names: [LockName]
    let owner: OwnerID
    let token: FencingToken
    let guarantee: Guarantee
    let lease: Duration
    let acquiredAt: ContinuousTime
    /// The local queue it came through.
    let line: LocalLines.Key?
    /// Whether nothing was due for it when it came: neither a renewal nor an end.
    let isPlanless: Bool
    private let instruments: Instruments
    private let state: Mutex<State>

    init(
        _ grant: Grant, renewEvery: Duration?, progressWithin: Duration? = nil, line: LocalLines.Key? = nil,
        instruments: Instruments
    ) {
        let now = instruments.time.now
        (id, names, owner, token) = (grant.request, grant.names, grant.owner, grant.token)
        (guarantee, lease, acquiredAt) = (grant.guarantee, grant.lease, now)
        (self.line, self.instruments) = (line, instruments)
        let machine = LeaseMachine(
            LeaseMachine.Validity(grant.validity), lease: TimeSpan(grant.lease),
            renewEvery: renewEvery.map { TimeSpan($0) }, holdLimit: grant.holdLimit,
            progressBound: progressWithin.map { TimeSpan($0) }, at: now)
        isPlanless = machine.nextDue == nil
        state = Mutex(State(grant: grant, machine: machine))
    }

    var grant: Grant { state.withLock { $0.grant } }
    var mode: LockMode { state.withLock { $0.grant.mode } }
    var validUntil: ContinuousTime? { state.withLock { $0.machine.validUntil } }
    /// The clock is read under the lock: a reading that said *lost* is never followed by an answer that was read earlier.
    var leaseState: LeaseState { state.withLock { $0.believed(instruments.time) } }

    /// What to believe, and for how long still (`nil`: without end), in one reading.
    var outlook: (state: LeaseState, remaining: Duration?) {
        state.withLock { state in
            let now = instruments.time.now
            return (state.machine.state(at: now), state.machine.validUntil.map { now.duration(to: $0) })
        }
    }

    /// Steps the machine, tells listeners in order, and carries out the rest once unlocked.
    ///
    /// - Returns: Whether a renewal is to be sent, and what the machine plans.
    @discardableResult
    func step(_ event: (inout LeaseMachine, ContinuousTime, inout [LeaseMachine.Effect]) -> Void) -> Step {
        var effects: [LeaseMachine.Effect] = []
        let (step, aftermath) = state.withLock { state in
            event(&state.machine, instruments.time.now, &effects)
            return (Step(state.machine, effects), state.tell(effects))
        }
        for stop in aftermath.stops { stop() }
        for listener in aftermath.finished { _ = listener(nil) }
        for case .push(let event) in effects { instruments.leaseEvent(event, of: self) }
        return step
    }

    /// What the renewal loop needs to know after a step.
    struct Step {
        var wantsRenewal: Bool
        var nextDue: ContinuousTime?
        var slack: TimeSpan
        /// The handle was dropped, and the lease has run out.
        var isForgettable: Bool
        init(_ machine: LeaseMachine, _ effects: [LeaseMachine.Effect]) {
            (wantsRenewal, nextDue) = (effects.contains(.renew), machine.nextDue)
            slack = machine.isRenewalNext ? machine.renewalSlack : .zero
            isForgettable = machine.isAbandoned && machine.isFinished
        }
    }

    var plan: Step { state.withLock { Step($0.machine, []) } }

    var isRenewing: Bool { state.withLock { $0.machine.isRenewing } }

    /// Marks a renewal as sent.
    ///
    /// `nil` where the grant is not to be renewed any more.
    func beginRenewal() -> Grant? {
        state.withLock { state in
            state.machine.renewalSent(at: instruments.time.now) ? state.grant : nil
        }
    }

    /// From here on the grant is not reported as held; nothing was sent before (RULES 2).
    func beginRelease() -> LeaseState {
        let (believed, listeners) = state.withLock { state in
            (state.beginRelease(instruments.time, acquiredAt), state.takeListeners())
        }
        for listener in listeners { _ = listener(nil) }
        return believed
    }

    /// `claimRelease` and `beginRelease` in one turn.
    ///
    /// - Returns: Whether the caller is the one who releases.
    func claimAndBeginRelease() -> Bool {
        let (isOurs, listeners) = state.withLock { state in
            guard state.release == .open || state.release == .failed else { return (false, [Listener]()) }
            state.release = .claimed
            _ = state.beginRelease(instruments.time, acquiredAt)
            return (true, state.takeListeners())
        }
        for listener in listeners { _ = listener(nil) }
        return isOurs
    }

    /// The renewal loop finds it at its next look; there is nobody to wake.
    func reportProgress() { state.withLock { $0.machine.progressReported(at: instruments.time.now) } }

    /// Makes the caller the one who releases.
    ///
    /// - Returns: Whether it is; else somebody else does, or did.
    func claimRelease() -> Bool {
        state.withLock { state in
            switch state.release {
            case .claimed, .done: return false
            case .open, .failed:
                state.release = .claimed
                return true
            }
        }
    }

    func endRelease(succeeded: Bool) { state.withLock { $0.release = succeeded ? .done : .failed } }

    /// Whether nobody ever saw to the release.
    var wasLeftOpen: Bool { state.withLock { $0.release == .open } }

    /// The engine turned the grant into another mode.
    func replace(grant: Grant) { state.withLock { $0.grant = grant } }

    /// Calls `action` when the holder must stop; at once where that has passed.
    func onStop(_ action: @escaping @Sendable () -> Void) {
        let isStopped = state.withLock { state in
            if !state.isStopped { state.stopActions.append(action) }
            return state.isStopped
        }
        if isStopped { action() }
    }
}

extension HeldGrant.State {
    /// What may be believed now.
    fileprivate func believed(_ time: any TimeSource) -> LeaseState {
        // What cannot run out is the same at any time.
        machine.state(at: machine.canRunOut ? time.now : ContinuousTime(nanoseconds: 0))
    }

    /// What could be believed until now.
    fileprivate mutating func beginRelease(_ time: any TimeSource, _ acquiredAt: ContinuousTime) -> LeaseState {
        machine.releaseBegan(at: machine.canRunOut ? time.now : acquiredAt)
    }

    /// Nobody is told to stop any more; who listens is told the end.
    fileprivate mutating func takeListeners() -> [HeldGrant.Listener] {
        defer { (listeners, stopActions) = ([], []) }
        return listeners
    }

    /// What is left to do once unlocked.
    struct Aftermath {
        var stops: [@Sendable () -> Void] = []
        var finished: [HeldGrant.Listener] = []
    }

    /// Tells the listeners under the lock, so that each sees events in order; a yield only schedules its reader.
    fileprivate mutating func tell(_ effects: [LeaseMachine.Effect]) -> Aftermath {
        var aftermath = Aftermath()
        for case .push(let event) in effects { listeners.removeAll { !$0(event) } }
        if effects.contains(.push(.stop)) { isStopped = true }
        if isStopped { swap(&aftermath.stops, &stopActions) }
        if machine.isFinished {
            swap(&aftermath.finished, &listeners)
        }
        return aftermath
    }
}

extension HeldGrant {
    /// What happens from now on, in order.
    ///
    /// The stream ends with the release, or after a loss once the stop's grace is over.
    func events() -> AsyncStream<LeaseEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: LeaseEvent.self, bufferingPolicy: .bufferingNewest(64))
        addListener { continuation.take($0) }
        return stream
    }

    /// Adds a listener; where nothing more will happen, it is told the end at once.
    func addListener(_ listener: @escaping Listener) {
        let isFinished = state.withLock { state in
            let isFinished = state.machine.isFinished
            if !isFinished { state.listeners.append(listener) }
            return isFinished
        }
        if isFinished { _ = listener(nil) }
    }
}

extension AsyncStream<LeaseEvent>.Continuation {
    /// Hands an event, or the end, on to the reader.
    ///
    /// - Returns: Whether there still is a reader.
    func take(_ event: LeaseEvent?) -> Bool {
        guard let event else {
            finish()
            return false
        }
        if case .terminated = yield(event) { return false }
        return true
    }
}

extension LeaseMachine.Validity {
    /// The engine's word in the machine's terms.
    init(_ validity: Grant.Validity) {
        switch validity {
        case .unlimited: self = .unlimited
        case .armed(let armedAt, let duration): self = .armed(at: armedAt, for: TimeSpan(duration))
        case .unconfirmed: self = .unconfirmed
        }
    }
}
