import Lockstead

extension LockError {
    /// A failure of the cluster or on the way to it, as the engine's callers are told.
    init(_ error: EtcdError) {
        self.init(Self.code(of: error), error.message, effect: error.effect, cause: error)
    }

    private static func code(of error: EtcdError) -> Code {
        switch error.code {
        case .cancelled: .cancelled
        case .shutDown: .shutDown
        case .authenticationFailed, .permissionDenied: .permissionDenied
        case _ where error.effect == .mayHaveHappened: .indeterminate
        default: .engineUnavailable
        }
    }

    /// A member answered what none answers.
    static func badAnswer(to call: String) -> LockError {
        LockError(
            .engineUnavailable,
            "The member's answer to \(call) cannot be read; is something between that changes answers?",
            effect: .mayHaveHappened)
    }
}
