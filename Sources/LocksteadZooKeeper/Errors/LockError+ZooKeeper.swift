import Lockstead

extension LockError {
    /// A failure of the ensemble or on the way to it, as the engine's callers are told.
    init(_ error: ZooKeeperError) {
        self.init(Self.code(of: error), error.message, effect: error.effect, cause: error)
    }

    /// Whether the connection to one server was lost, beyond which another may answer.
    var isOfLostServer: Bool { (cause as? ZooKeeperError)?.code == .connectionLost }

    /// Whether an answer did not come in time.
    var isOfTime: Bool { (cause as? ZooKeeperError)?.code == .deadlineExceeded }

    private static func code(of error: ZooKeeperError) -> Code {
        switch error.code {
        case .cancelled: .cancelled
        case .shutDown: .shutDown
        case .authenticationFailed, .permissionDenied: .permissionDenied
        case .sessionRefused: .invalidOption
        case _ where error.effect == .mayHaveHappened: .indeterminate
        default: .engineUnavailable
        }
    }
}
