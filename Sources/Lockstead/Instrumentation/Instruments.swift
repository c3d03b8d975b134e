import LockCore
import Logging

/// The one place where what happens becomes logs, metrics, spans and observations.
struct Instruments: Sendable {
    let engine: String
    let logger: Logger
    let observer: (any LockObserver)?
    let time: any TimeSource

    /// What the instruments need to know of a request or a grant.
    struct Subject: Sendable {
        var names: [LockName]
        var mode: LockMode
        var owner: OwnerID
    }

    func observe(_ subject: @autoclosure () -> Subject, _ event: @autoclosure () -> LockObservation.Event) {
        guard let observer else { return }
        let subject = subject()
        observer.observe(
            LockObservation(
                event: event(), names: subject.names, mode: subject.mode, owner: subject.owner, time: time.now))
    }
}
