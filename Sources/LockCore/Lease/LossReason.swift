/// Why a grant ended before its release.
public enum LossReason: Sendable, Hashable {
    /// The lease ran out.
    case expired
    /// An operator released it by force, for this reason.
    case revoked(String)
    /// The holder reported no progress within the bound it had set itself, so its lease was let run out.
    case stalled
    /// The cap on the total hold was reached.
    case holdLimit
    /// The engine has another owner, or none, for the name.
    case superseded
    /// The engine lost it: data gone, session gone, engine stopped.
    case engineLost(String)
    /// The handle was dropped without a release.
    case abandoned
    /// It was released.
    case released
}
