import Jute
import Lockstead
import Synchronization

/// One operation on its way, and who waits for its answer.
///
/// The answer, the deadline, a cancellation and the loss of the connection race for it: the first decides, once.
final class ZKCall: Sendable {
    typealias Answer = Result<ZKAnswered, ZooKeeperError>

    private enum Stage: Sendable {
        /// Not written yet. Can transition to: `written`, `decided`.
        case waiting
        /// The server may carry it out. Can transition to: `decided`.
        case written
        /// Final.
        case decided(Answer)
    }

    let operation: ZKOperation
    let deadline: ContinuousTime
    private let stage = Mutex(Stage.waiting)
    private let signal = WakeSignal()

    init(_ operation: ZKOperation, deadline: ContinuousTime) { (self.operation, self.deadline) = (operation, deadline) }

    /// Marks the call as written.
    ///
    /// - Returns: Whether it is still wanted.
    func begin() -> Bool {
        stage.withLock { stage in
            guard case .waiting = stage else { return false }
            stage = .written
            return true
        }
    }

    /// Decides the call, unless it is decided: the error is told whether anything was written.
    func decide(_ answer: (LockError.Effect) -> Answer) {
        stage.withLock { stage in
            switch stage {
            case .waiting: stage = .decided(answer(.didNotHappen))
            case .written: stage = .decided(answer(operation.isWrite ? .mayHaveHappened : .didNotHappen))
            case .decided: break
            }
        }
        signal.ring()
    }

    private var answer: Answer? { stage.withLock { if case .decided(let answer) = $0 { answer } else { nil } } }

    /// Whether a cancellation of the task leaves the wait for an answer alone: it has a deadline, and callers are told of no cancellation.
    @TaskLocal static var isShielded = false

    /// Waits for the answer; the deadline ends the wait, and a cancellation of the task unless it is shielded.
    func value(on time: any TimeSource) async -> Answer {
        guard Self.isShielded else { return await wait(on: time) }
        return await shieldedFromCancellation { await self.wait(on: time) }
    }

    private func wait(on time: any TimeSource) async -> Answer {
        while answer == nil, !Task.isCancelled, time.now < deadline {
            // The loop looks at what ended it.
            _ = try? await signal.sleep(until: deadline == .distantFuture ? nil : deadline, on: time)
        }
        let isCancelled = Task.isCancelled
        decide { effect in
            .failure(
                isCancelled
                    ? ZooKeeperError(.cancelled, "The call was cancelled.", effect: effect)
                    : ZooKeeperError(.deadlineExceeded, "The ensemble did not answer in time.", effect: effect))
        }
        guard let answer else { preconditionFailure("a call that was decided has no answer") }
        return answer
    }
}

/// An answer, and what it proves.
struct ZKAnswered: Sendable {
    let result: ZKResult
    /// The transaction that the server had seen, which of a write is its own.
    let transaction: Int64
    /// What it says of the session's life, where it was committed by a majority.
    let proof: ProofOfLife
}

/// That the session was alive at a moment: a majority committed a request that was sent then (RULES 32).
struct ProofOfLife: Sendable, Hashable {
    /// When the request was sent.
    var sent: ContinuousTime
    /// When the last request before was sent that the leader had certainly heard of: from then on it keeps the session for its timeout.
    var touched: ContinuousTime
}
