import LockCore
import Logging

extension LockRequest {
    var subject: Instruments.Subject { .init(names: names, mode: mode, owner: owner) }
}

// MARK: Asking

extension Instruments {
    func attempted(_ request: LockRequest) {
        metrics?.attemptBegan(request.mode)
        observe(request.subject, .attempted)
    }

    func waited(_ request: LockRequest, since start: ContinuousTime, _ result: AcquireResult) {
        guard areHeard else { return }
        let wait = start.duration(to: time.now)
        metrics?.attemptEnded(request.mode, result, wait: wait)
        observe(request.subject, .waited(wait, result))
        logger.debug(
            "lock_attempt",
            metadata: request.subject.metadata.merging(
                ["engine": "\(engine)", "outcome": "\(result)", "wait": "\(wait)"]
            ) { $1 })
    }
}

// MARK: The client itself

extension Instruments {
    func engineFailed(_ error: any Error) {
        logger.error(
            "lock_error", metadata: ["engine": "\(engine)", "what": "the engine failed", "detail": "\(error)"])
    }

    func cleanUpFailed(_ error: LockError) {
        logger.error(
            "lock_error", metadata: ["engine": "\(engine)", "what": "a clean-up failed", "detail": "\(error)"])
    }
}
