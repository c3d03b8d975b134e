/// How `exec` ended once its child had been started.
enum ExecOutcome: Sendable, Equatable {
    /// The child ended by itself.
    case child(ProcessEnd)
    /// The lock was lost and the child stopped, for this reason.
    case leaseLost(String)
}
