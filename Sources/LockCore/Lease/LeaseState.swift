/// What a holder may believe of its lease at one moment.
public enum LeaseState: Sendable, Hashable {
    /// The lock is ours. Can transition to: `suspect`, `lost`.
    case held
    /// The lock may be ours: a pause, a jump of a clock or the engine cast doubt, for the reason named, and a renewal has not yet
    /// confirmed it. Can transition to: `held`, `lost`.
    case suspect(String)
    /// The lock is not ours any more. Can transition to: nothing.
    case lost(LossReason)
}

/// Something that happened to a lease, pushed to whoever asked for its events.
///
/// Timers only push; what to believe is what `Lease.state` says when it is read.
public enum LeaseEvent: Sendable, Hashable {
    /// A renewal was confirmed; without another the lease ends then. `nil`: it cannot run out.
    case renewed(until: ContinuousTime?)
    /// The end is near and no renewal has come through: so much time is left.
    case warning(remaining: Duration)
    /// The lease is in doubt, for this reason.
    case suspect(String)
    /// A renewal took the doubt away.
    case held
    /// Stop now, in good order: the margin before the end is reached, or the lease is lost.
    case stop
    /// End by force what has not stopped: the margin is almost used up.
    case kill
    /// The lease is over. ``stop`` follows where it did not come before, and ``kill`` a little later.
    case lost(LossReason)
}
