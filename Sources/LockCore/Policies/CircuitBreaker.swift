/// Stops asking an engine that keeps failing, and finds out with a few probes when it is back.
///
/// Each state is a type that offers only the transitions it has, so that no other can be written. A result that comes in late, from
/// before the last transition, changes nothing.
package struct CircuitBreaker: Sendable, Equatable {
    /// When the breaker moves.
    package struct Thresholds: Sendable, Hashable {
        /// So many failures without a success between them open it.
        package var consecutiveFailures: Int
        /// It stays open so long before it probes.
        package var openFor: TimeSpan
        /// So many successful probes close it, and so many run at a time at most.
        package var successfulProbes: Int
        /// A probe unanswered for so long counts as failed.
        package var probeTimeout: TimeSpan

        /// Puts thresholds together; counts below one count as one, negative times as zero.
        package init(
            consecutiveFailures: Int = 3, openFor: TimeSpan = .seconds(5), successfulProbes: Int = 2,
            probeTimeout: TimeSpan = .seconds(10)
        ) {
            self.consecutiveFailures = max(1, consecutiveFailures)
            self.openFor = max(.zero, openFor)
            self.successfulProbes = max(1, successfulProbes)
            self.probeTimeout = max(.zero, probeTimeout)
        }
    }

    /// The right to one call.
    ///
    /// Give it back with its result, once: it cannot be copied.
    package struct Permit: ~Copyable, Sendable {
        fileprivate let era: UInt64
    }

    package enum Admission: ~Copyable, Sendable {
        case admitted(Permit)
        case refused(until: ContinuousTime)
    }

    package enum Outcome: Sendable, Hashable {
        case succeeded, failed
        /// Ended without telling anything about the engine, as by cancellation.
        case abandoned
    }

    /// What changed, for logs and metrics.
    package enum Transition: Sendable, Hashable {
        case opened(until: ContinuousTime)
        case startedProbing
        case closed
    }

    package let thresholds: Thresholds
    private var state: State
    /// Rises with every transition; tells late results apart.
    private var era: UInt64 = 0

    package init(thresholds: Thresholds = Thresholds()) {
        self.thresholds = thresholds
        state = .closed(Closed())
    }

    /// Whether a call may go out now.
    package mutating func admit(at now: ContinuousTime, transitions: inout [Transition]) -> Admission {
        settleByTime(at: now, transitions: &transitions)
        switch state {
        case .closed: return .admitted(Permit(era: era))
        case .open(let open): return .refused(until: open.until)
        case .probing(var probing):
            guard probing.start(thresholds, at: now) else { return .refused(until: probing.deadline) }
            state = .probing(probing)
            return .admitted(Permit(era: era))
        }
    }

    /// Takes in how an admitted call ended.
    package mutating func ended(
        _ permit: consuming Permit, _ outcome: Outcome, at now: ContinuousTime, transitions: inout [Transition]
    ) {
        settleByTime(at: now, transitions: &transitions)
        guard permit.era == era else { return }
        switch (state, outcome) {
        case (.closed(let closed), .failed): move(closed.failed(thresholds, at: now), &transitions)
        case (.closed(let closed), .succeeded): move(closed.succeeded(), &transitions)
        case (.probing(let probing), .failed): move(.open(probing.reopened(thresholds, at: now)), &transitions)
        case (.probing(let probing), .succeeded): move(probing.succeeded(thresholds), &transitions)
        case (.probing(let probing), .abandoned): move(.probing(probing.abandoned()), &transitions)
        case (.closed, .abandoned), (.open, .succeeded), (.open, .failed), (.open, .abandoned): return
        }
    }

    private mutating func settleByTime(at now: ContinuousTime, transitions: inout [Transition]) {
        switch state {
        case .open(let open) where now >= open.until: move(.probing(open.probing(at: now)), &transitions)
        case .probing(let probing) where now >= probing.deadline && probing.underWay > 0:
            move(.open(probing.reopened(thresholds, at: now)), &transitions)
        case .closed, .open, .probing: return
        }
    }

    private mutating func move(_ next: State, _ transitions: inout [Transition]) {
        let transition = state.transition(to: next)
        state = next
        guard let transition else { return }
        era &+= 1
        transitions.append(transition)
    }
}

extension CircuitBreaker {
    /// What the breaker does now, for `inspect` and metrics.
    package enum Position: Sendable, Hashable { case closed, open, halfOpen }

    package var position: Position {
        switch state {
        case .closed: .closed
        case .open: .open
        case .probing: .halfOpen
        }
    }
}
