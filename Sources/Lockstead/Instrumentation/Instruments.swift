import LockCore
import Logging
import Metrics
import Tracing

/// The one place where what happens becomes logs, metrics, spans and observations.
///
/// Where nobody listens, it costs next to nothing. An object, since every grant carries it: a copy would cost more than the lock.
final class Instruments: Sendable {
    let engine: String
    let logger: Logger
    let observer: (any LockObserver)?
    let metrics: ClientMetrics?
    let tracing: LockTracing
    let time: any TimeSource

    init(
        engine: String, metrics factory: (any MetricsFactory)?, tracer: (any Tracer)?, logger: Logger,
        observer: (any LockObserver)?, time: any TimeSource
    ) {
        (self.engine, self.logger, self.observer, self.time) = (engine, logger, observer, time)
        metrics =
            if let factory { ClientMetrics.make(engine: engine, factory: factory) } else {
                ClientMetrics.make(engine: engine)
            }
        tracing = LockTracing(engine: engine, tracer: tracer)
    }

    /// Whether it matters when something happened.
    var areHeard: Bool { metrics != nil || observer != nil || logger.logLevel <= .debug }

    /// What the instruments need to know of a request or a grant.
    struct Subject: Sendable {
        var names: [LockName]
        var mode: LockMode
        var owner: OwnerID

        /// For logs: messages are constant, facts are metadata.
        var metadata: Logger.Metadata {
            ["lock.names": .array(names.map { "\($0)" }), "lock.mode": "\(mode)", "lock.owner": "\(owner)"]
        }
    }

    func observe(_ subject: @autoclosure () -> Subject, _ event: @autoclosure () -> LockObservation.Event) {
        guard let observer else { return }
        let subject = subject()
        observer.observe(
            LockObservation(
                event: event(), names: subject.names, mode: subject.mode, owner: subject.owner, time: time.now))
    }

    /// Logs what somebody should look at.
    func report(
        _ level: Logger.Level, _ subject: @autoclosure () -> Subject, _ what: String,
        _ detail: @autoclosure () -> String
    ) {
        guard logger.logLevel <= level else { return }
        var metadata = subject().metadata
        metadata["engine"] = "\(engine)"
        metadata["what"] = "\(what)"
        metadata["detail"] = "\(detail())"
        logger.log(level: level, "lock_error", metadata: metadata)
    }
}
