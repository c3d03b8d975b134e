import Lockstead

extension LockError {
    /// A failure of the server or on the way to it, as the engine's callers are told.
    init(_ error: RedisError) {
        self.init(Self.code(of: error), error.message, effect: error.effect, cause: error)
    }

    private static func code(of error: RedisError) -> Code {
        switch error.code {
        case .cancelled: .cancelled
        case .shutDown: .shutDown
        case .authenticationFailed, .permissionDenied: .permissionDenied
        case .wrongType: .kindMismatch
        case .readOnly, .notPersisting: .unsuitableStorage
        case .tooManyCommands: .limitExceeded
        case .loading: .recovering
        case _ where error.effect == .mayHaveHappened: .indeterminate
        default: .engineUnavailable
        }
    }

    /// A script answered something that it does not answer.
    static func badAnswer(of script: String) -> LockError {
        LockError(
            .engineUnavailable,
            "The server's answer to the engine's script \(script) cannot be read; is something between that changes answers?",
            effect: .mayHaveHappened)
    }
}

extension RedisError {
    /// Whether the servers answer, and only something between them has yet to settle: worth waiting for, whoever waits.
    var isPassing: Bool {
        switch code {
        case .unconfirmed, .tooFewReplicas, .clusterDown, .tryAgain: true
        default: false
        }
    }

    /// Whether the same call may succeed a little later.
    var maySubside: Bool {
        switch code {
        case .unreachable, .connectionLost, .deadlineExceeded, .loading, .busy, .tooManyCommands, .tryAgain,
            .clusterDown, .masterDown, .tooFewReplicas, .protocolViolation, .noPrimary, .unconfirmed:
            true
        default: false
        }
    }
}
