import Lockstead

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Decides what `exec` does about its child: pure, fed by ``ExecRunner``.
///
/// The child and its descendants are one process group, the one its guard leads. What is said to the child is said to the group,
/// because a shell does not pass signals on (R5).
struct ExecMachine: Sendable, Equatable {
    /// What happened.
    enum Event: Sendable, Equatable {
        /// The lease was renewed; its child may live until `killAt`.
        case leaseRenewed(Deadlines)
        /// Too little of the lease is left to go on.
        case leaseEnding(at: ContinuousTime)
        /// The lease is gone.
        case leaseLost(String, at: ContinuousTime)
        /// The time to let the child, or the guard, end by itself is over.
        case timeIsUp
        /// The guard ended the group, because the runner had not renewed in time.
        case guardFired
        /// The guard is gone, and has said all it had to say.
        case guardGone(at: ContinuousTime)
        /// The runner itself got a signal that is meant for the child.
        case signalled(CInt)
        /// The child stopped (job control). `foreground`: the terminal is the runner's to give.
        case childStopped(CInt, foreground: Bool)
        /// The runner was continued.
        case continued(foreground: Bool, leaseHeld: Bool, at: ContinuousTime)
        /// The child ended.
        case childEnded(ProcessEnd, at: ContinuousTime)
    }

    /// What to do about it, in order.
    enum Effect: Sendable, Equatable {
        /// Send a signal to the child's group.
        case signalGroup(CInt)
        /// Tell the guard until when the child may live.
        case armGuard(Deadlines)
        /// Report ``Event/timeIsUp`` at this time.
        case wake(at: ContinuousTime)
        /// Tell the guard that its work is done; its end is to be reported.
        case dismissGuard
        /// Kill the guard, which does not go.
        case endGuard
        /// Make the child's group the terminal's foreground.
        case giveTerminal
        /// Make the runner's own group the terminal's foreground again.
        case takeTerminal
        /// Stop the runner itself, so that the shell gets its prompt.
        case suspend
        /// Child and guard are gone; this is how it went.
        case finish(ExecOutcome)
    }

    private enum State: Sendable, Equatable {
        /// Can transition to: suspended, stopping, closing.
        case running
        /// The runner has stopped itself. Can transition to: running, stopping, closing.
        case suspended
        /// The child was told to end, or killed. Can transition to: closing.
        case stopping(why: String)
        /// The child has ended; what the guard still has to say decides how. Can transition to: finished.
        case closing(ExecOutcome)
        /// Final.
        case finished
    }

    private var state = State.running
    private var deadlines: Deadlines
    /// Whether there is a terminal at all: only then can a stopped child mean job control.
    private let hasTerminal: Bool
    private var terminalGiven: Bool
    private var guardIsGone = false

    /// A child that was just started.
    init(deadlines: Deadlines, hasTerminal: Bool, terminalGiven: Bool) {
        (self.deadlines, self.hasTerminal, self.terminalGiven) = (deadlines, hasTerminal, terminalGiven)
    }

    /// Takes an event in; the effects are to be carried out in their order.
    mutating func handle(_ event: Event) -> [Effect] {
        switch event {
        case .leaseRenewed(let deadlines): renewed(deadlines)
        case .leaseEnding(let now): stop("the lease could not be renewed in time", at: now)
        case .leaseLost(let reason, let now): stop(reason, at: now)
        case .timeIsUp: timeIsUp()
        case .guardFired: guardFired()
        case .guardGone(let now): guardGone(at: now)
        case .signalled(let signal): hasChild ? [.signalGroup(signal)] : []
        case .childStopped(let signal, let foreground): childStopped(by: signal, foreground: foreground)
        case .continued(let foreground, let held, let now): continued(foreground: foreground, held: held, at: now)
        case .childEnded(let end, let now): childEnded(end, at: now)
        }
    }

    /// Whether there still is a child to talk to, one that was not told to end.
    private var isRunning: Bool { state == .running || state == .suspended }

    private var hasChild: Bool {
        if case .stopping = state { return true }
        return isRunning
    }
}

// MARK: The lease

extension ExecMachine {
    private mutating func renewed(_ new: Deadlines) -> [Effect] {
        // Once told to end, a child stays told: it is already tidying up as one that lost its lock.
        guard isRunning else { return [] }
        deadlines = new
        return [.armGuard(new)]
    }

    private mutating func stop(_ why: String, at now: ContinuousTime) -> [Effect] {
        guard isRunning else { return [] }
        state = .stopping(why: why)
        let killAt = deadlines.killTime(stoppingAt: now)
        // A stopped process acts on TERM only once it runs again.
        return [
            .armGuard(Deadlines(stopAt: .distantFuture, killAt: killAt)), .signalGroup(SIGTERM), .signalGroup(SIGCONT),
            .wake(at: killAt),
        ]
    }

    private mutating func timeIsUp() -> [Effect] {
        switch state {
        case .stopping: [.signalGroup(SIGKILL)]
        // Only a guard that a debugger holds does not go when told.
        case .closing(let outcome): finish(outcome, after: [.endGuard])
        case .running, .suspended, .finished: []
        }
    }
}

// MARK: The end

extension ExecMachine {
    private static let pausedTooLong = "the runner was paused for longer than the lease"
    /// A guard that is told to go is gone within milliseconds.
    private static let guardPatience = TimeSpan.seconds(2)

    private mutating func guardFired() -> [Effect] {
        switch state {
        case .running, .suspended:
            state = .stopping(why: Self.pausedTooLong)
            return [.wake(at: deadlines.killAt)]
        case .closing:
            state = .closing(.leaseLost(Self.pausedTooLong))
            return [.signalGroup(SIGKILL)]
        case .stopping, .finished: return []
        }
    }

    private mutating func guardGone(at now: ContinuousTime) -> [Effect] {
        guardIsGone = true
        if case .closing(let outcome) = state { return finish(outcome, after: []) }
        return stop("its guard process was killed, and nothing would end it if the runner died", at: now)
    }

    private mutating func childEnded(_ end: ProcessEnd, at now: ContinuousTime) -> [Effect] {
        guard hasChild else { return [] }
        var effects: [Effect] = terminalGiven ? [.takeTerminal] : []
        let outcome: ExecOutcome
        if let why = reasonOfTheEnd(at: now) {
            outcome = .leaseLost(why)
            // Whatever the child left running in its group has lost the lock as well.
            effects.append(.signalGroup(SIGKILL))
        } else {
            outcome = .child(end)
            effects.append(.dismissGuard)
        }
        if guardIsGone { return finish(outcome, after: effects) }
        state = .closing(outcome)
        return effects + [.wake(at: now + Self.guardPatience)]
    }

    /// Why the lock was lost before the child's end was seen; `nil` where it was not.
    private func reasonOfTheEnd(at now: ContinuousTime) -> String? {
        if case .stopping(let why) = state { return why }
        // A runner that was paused may see its child's end before it sees what the guard did about it.
        return now >= deadlines.killAt ? Self.pausedTooLong : nil
    }

    private mutating func finish(_ outcome: ExecOutcome, after effects: [Effect]) -> [Effect] {
        state = .finished
        return effects + [.finish(outcome)]
    }
}

// MARK: Job control

extension ExecMachine {
    private mutating func childStopped(by signal: CInt, foreground: Bool) -> [Effect] {
        guard state == .running, hasTerminal else { return [] }
        if foreground, !terminalGiven, signal == SIGTTIN || signal == SIGTTOU {
            // It wants the terminal that is ours to give: a pager's neighbour, or a prompt for a password.
            terminalGiven = true
            return [.giveTerminal, .signalGroup(SIGCONT)]
        }
        state = .suspended
        return (terminalGiven ? [.takeTerminal] : []) + [.suspend]
    }

    private mutating func continued(foreground: Bool, held: Bool, at now: ContinuousTime) -> [Effect] {
        guard state == .suspended else { return [] }
        guard held else { return stop("the lease ran out while the job was stopped", at: now) }
        state = .running
        guard terminalGiven, foreground else {
            terminalGiven = false
            return [.signalGroup(SIGCONT)]
        }
        return [.giveTerminal, .signalGroup(SIGCONT)]
    }
}
