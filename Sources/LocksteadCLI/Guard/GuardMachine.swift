import Lockstead

/// Decides what the guard does: pure, driven by ``GuardLoop``.
///
/// Two things end the child's group. The runner is gone without a word: at once. The runner is still there and does not renew (it is
/// paused, or hangs): TERM when too little of the lease is left, KILL before the lease can be granted to another.
struct GuardMachine: Sendable, Equatable {
    /// What to do now.
    enum Step: Sendable, Equatable {
        /// Nothing before this time.
        case wait(until: ContinuousTime)
        /// Tell the group to end, and the runner that this was done.
        case terminate
        /// Kill the group; the runner may still be there.
        case kill
        /// Kill the group: the runner is gone.
        case avenge
        /// Leave quietly.
        case leave
    }

    private var deadlines = Deadlines.never
    private var told = false
    private var released = false
    private var runnerGone = false

    /// The runner said something.
    mutating func receive(_ frame: GuardFrame) {
        switch frame {
        case .arm(let new): deadlines = new
        case .done: released = true
        case .ready, .fired: break  // Only a guard says these.
        }
    }

    /// The runner's end of the socket is closed.
    mutating func runnerLeft() { runnerGone = true }

    /// What to do at `now`.
    ///
    /// Called again after every step but the last.
    mutating func step(at now: ContinuousTime) -> Step {
        if released { return .leave }
        if runnerGone { return .avenge }
        if now >= deadlines.killAt { return .kill }
        if told { return .wait(until: deadlines.killAt) }
        if now < deadlines.stopAt { return .wait(until: deadlines.stopAt) }
        told = true
        return .terminate
    }
}
