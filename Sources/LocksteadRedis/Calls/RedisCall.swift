import Lockstead
import RESP
import Synchronization

/// One command on its way, and who waits for its answer.
///
/// The answer, the deadline, a cancellation and the loss of the connection race for it: the first decides, once. What was decided
/// before the answer came leaves the call in its place among those that await one, so that answers stay in step.
final class RedisCall: Sendable {
    typealias Answer = Result<RESPValue, RedisError>

    private enum Stage: Sendable {
        /// Nobody waits yet. Can transition to: `waiting`, `decidedEarly`.
        case made
        /// Decided before anybody waited. Can transition to: `decided`.
        case decidedEarly(Answer)
        /// Not written yet. Can transition to: `written`, `decided`.
        case waiting(Receiver)
        /// The server may carry it out. Can transition to: `decided`.
        case written(Receiver)
        /// Final.
        case decided
    }

    /// Who is told.
    enum Receiver: Sendable {
        case one(CheckedContinuation<Answer, Never>)
        case part(CommandBatch, index: Int)
        case handler(@Sendable (Answer) -> Void)
    }

    let command: RedisCommand
    let deadline: ContinuousTime
    private let stage = Mutex(Stage.made)

    init(_ command: RedisCommand, deadline: ContinuousTime) { (self.command, self.deadline) = (command, deadline) }

    /// Says who waits.
    ///
    /// - Returns: Whether the call is still wanted; otherwise the receiver has been told.
    func await(_ receiver: Receiver) -> Bool {
        let early = stage.withLock { stage -> Answer? in
            guard case .decidedEarly(let answer) = stage else {
                stage = .waiting(receiver)
                return nil
            }
            stage = .decided
            return answer
        }
        guard let early else { return true }
        receiver.receive(early)
        return false
    }

    /// Marks the call as written, unless it is not wanted any more.
    ///
    /// - Returns: Whether to write it.
    func begin(at now: ContinuousTime) -> Bool {
        if now >= deadline {
            decide { _ in .failure(.deadlineExceeded(.didNotHappen)) }
            return false
        }
        return stage.withLock { stage in
            guard case .waiting(let receiver) = stage else { return false }
            stage = .written(receiver)
            return true
        }
    }

    /// Hands the answer over, if anybody still waits for it.
    func answer(_ value: RESPValue) {
        decide { [command] _ in
            if let error = value.error {
                .failure(RedisError(error, isScript: command.isScript))
            } else {
                .success(value)
            }
        }
    }

    /// Ends the call without an answer.
    func fail(_ error: (LockError.Effect) -> RedisError) { decide { .failure(error($0)) } }

    /// Ends the call if its deadline has passed.
    func expire(at now: ContinuousTime) {
        if now >= deadline { fail { .deadlineExceeded($0) } }
    }

    /// Whether it was neither written nor decided.
    var isUnwritten: Bool {
        stage.withLock { stage in
            if case .waiting = stage { true } else { false }
        }
    }

    private func decide(_ answer: (LockError.Effect) -> Answer) {
        let decision = stage.withLock { stage -> (Receiver, Answer)? in
            switch stage {
            case .made:
                stage = .decidedEarly(answer(.didNotHappen))
                return nil
            case .waiting(let receiver):
                stage = .decided
                return (receiver, answer(.didNotHappen))
            case .written(let receiver):
                stage = .decided
                return (receiver, answer(.mayHaveHappened))
            case .decidedEarly, .decided: return nil
            }
        }
        decision.map { $0.0.receive($0.1) }
    }
}

extension RedisCall.Receiver {
    fileprivate func receive(_ answer: RedisCall.Answer) {
        switch self {
        case .one(let continuation): continuation.resume(returning: answer)
        case .part(let batch, let index): batch.receive(answer, at: index)
        case .handler(let handler): handler(answer)
        }
    }
}
