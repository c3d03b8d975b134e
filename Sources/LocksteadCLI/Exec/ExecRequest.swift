import Lockstead

/// What `exec` was asked to do.
struct ExecRequest: Sendable {
    /// How long to wait for the lock.
    enum Wait: Sendable, Equatable {
        case never
        case atMost(Duration)
        case forever
    }

    var name: LockName
    var mode: LockMode
    var lease: Duration
    var wait: Wait
    var terms: HoldTerms
    var purpose: String
    /// The command and its arguments; not empty.
    var command: [String]
    var engineURL: String
}
