import Lockstead

/// What ends a call without an answer of the server.
extension RedisError {
    static func deadlineExceeded(_ effect: LockError.Effect) -> RedisError {
        let message =
            effect == .didNotHappen
            ? "The deadline passed before the command could be sent."
            : "The deadline passed before the server answered; it may still carry the command out."
        return RedisError(.deadlineExceeded, message, effect: effect)
    }

    static func cancelled(_ effect: LockError.Effect) -> RedisError {
        let message =
            effect == .didNotHappen
            ? "The task was cancelled before the command was sent."
            : "The task was cancelled before the server answered; it may still carry the command out."
        return RedisError(.cancelled, message, effect: effect)
    }

    static let shutDown = RedisError(
        .shutDown, "The Redis client was shut down; make a new one to go on.", effect: .didNotHappen)

    static func tooManyCommands(_ limit: Int) -> RedisError {
        RedisError(
            .tooManyCommands, "\(limit) commands wait for their answers; try again later, or raise the limit.",
            effect: .didNotHappen)
    }

    static func superseded(_ endpoint: RedisEndpoint) -> RedisError {
        RedisError(.connectionLost, "Another server took over from \(endpoint).", effect: .mayHaveHappened)
    }

    static func outOfStep(_ detail: String) -> RedisError {
        RedisError(
            .protocolViolation, "The server's answers are out of step, so the connection was closed: \(detail)",
            effect: .mayHaveHappened)
    }

    static func silent(_ limit: Duration) -> RedisError {
        RedisError(
            .connectionLost, "The server owed an answer and sent nothing for \(limit); the connection was given up.",
            effect: .mayHaveHappened)
    }

    /// This failure as it is for a command that was or was not written.
    func with(effect: LockError.Effect) -> RedisError {
        var error = self
        error.effect = effect
        return error
    }
}
