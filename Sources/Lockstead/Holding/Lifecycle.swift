import LockCore

/// What a client may do now.
struct Lifecycle: Sendable, Equatable {
    enum Phase: Sendable, Equatable {
        /// Can transition to: `starting`, `stopped`.
        case idle
        /// `run()` was called; the engine's notices are not read yet. Can transition to: `running`, `stopped`.
        case starting
        /// Can transition to: `draining`, `stopped`.
        case running
        /// Scopes may finish, with what they nest; nothing new begins. Can transition to: `closing`, `stopped`.
        case draining
        /// No scope is left: handles are being released, and nothing nests any more. Can transition to: `stopped`.
        case closing
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
    var isDrained: Bool { phase == .stopped || (phase == .closing && activities == 0) }

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
        case .running: phase = activities == 0 ? .closing : .draining
        case .draining, .closing, .stopped: break
        }
    }

    mutating func stop() { phase = .stopped }

    enum Activity: Sendable, Equatable {
        /// A scope or a handle.
        case outermost
        /// A scope inside a running one.
        case nested
        /// The end of what was held or asked for.
        case cleanUp
    }

    enum Admission: Sendable, Equatable {
        case admitted
        case notYetRunning
        case shutDown
    }

    /// Lets an activity begin.
    ///
    /// While the client drains, only what a running scope nests may; and once that is over, only clean-ups.
    mutating func admit(_ activity: Activity) -> Admission {
        switch (phase, activity) {
        case (.idle, _), (.starting, _): return .notYetRunning
        case (.draining, .outermost), (.closing, .outermost), (.closing, .nested), (.stopped, _): return .shutDown
        case (.running, _), (.draining, .nested), (.draining, .cleanUp), (.closing, .cleanUp):
            activities += 1
            return .admitted
        }
    }

    /// Ends an activity.
    mutating func leave() {
        precondition(activities > 0, "an activity ended that had not begun, in phase \(phase)")
        activities -= 1
        if phase == .draining, activities == 0 { phase = .closing }
    }
}
