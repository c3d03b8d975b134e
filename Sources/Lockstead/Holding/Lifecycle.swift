import LockCore

/// What a client may do now: a machine of four states.
struct Lifecycle: Sendable, Equatable {
    enum Phase: Sendable, Equatable {
        /// Can transition to: `starting`, `stopped`.
        case idle
        /// `run()` was called; the engine's notices are not read yet. Can transition to: `running`, `stopped`.
        case starting
        /// Can transition to: `draining`, `stopped`.
        case running
        /// Scopes may finish, with what they nest; nothing new begins. Can transition to: `stopped`.
        case draining
        /// Can transition to: nothing.
        case stopped

        /// Whether calls need not wait for the start any more.
        var isPastStart: Bool { self != .idle && self != .starting }
    }

    private(set) var phase = Phase.idle
    private var wasClaimed = false
    /// Scopes and clean-ups under way, which a graceful shutdown waits for.
    private(set) var activities = 0

    /// Whether everything that a shutdown waits for is over.
    var isDrained: Bool { phase == .stopped || (phase == .draining && activities == 0) }

    enum Claim: Sendable, Equatable {
        case mayStart
        /// A shutdown came before the start: there is nothing to run.
        case shutDownBefore
        case ranBefore
    }

    /// Makes the caller the one that runs the client, if it is the first.
    mutating func claim() -> Claim {
        guard !wasClaimed else { return .ranBefore }
        wasClaimed = true
        guard phase == .idle else { return .shutDownBefore }
        phase = .starting
        return .mayStart
    }

    mutating func start() { if phase == .starting { phase = .running } }

    mutating func drain() {
        switch phase {
        case .idle, .starting: phase = .stopped
        case .running: phase = .draining
        case .draining, .stopped: break
        }
    }

    mutating func stop() { phase = .stopped }

    enum Admission: Sendable, Equatable {
        case admitted
        case notYetRunning
        case shutDown
    }

    /// Lets an activity begin.
    ///
    /// While the client drains, only what a running scope nests may.
    mutating func admit(nested: Bool) -> Admission {
        switch phase {
        case .idle, .starting: return .notYetRunning
        case .draining where !nested, .stopped: return .shutDown
        case .running, .draining:
            activities += 1
            return .admitted
        }
    }

    /// Ends an activity.
    mutating func leave() {
        precondition(activities > 0, "an activity ended that had not begun, in phase \(phase)")
        activities -= 1
    }
}
