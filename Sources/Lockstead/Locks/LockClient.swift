import LockCore
public import Logging
import Synchronization

/// The locks of one engine, as a program uses them: scopes first (`withLock`), handles second (`acquire`).
///
/// A client starts nothing until ``run()`` is called: run it in a `ServiceGroup`, or use ``with(_:configuration:logger:observer:time:_:)``,
/// which runs it for a scope. Calls made before wait a bounded time for that. Safe to use from any task.
public final class LockClient: Sendable {
    let backend: any LockBackend
    /// The backend where it is the in-process engine itself, whose plain calls need no suspension.
    let plainEngine: InProcessBackend?
    let configuration: Configuration
    let instruments: Instruments
    let gate = LifecycleGate()
    let registry = LeaseRegistry()
    let jobs = Jobs()
    let lines = LocalLines()
    let identifiers = IdentifierSource()
    let holder: HolderNote

    /// Makes a client for an engine; starts nothing.
    ///
    /// - Parameters:
    ///   - backend: The engine. The client runs it; do not share it between clients.
    ///   - configuration: The defaults of all calls.
    ///   - logger: Where the client logs; nothing at `info` in normal work.
    ///   - observer: Is told what happens to every lock of this client.
    ///   - time: The clocks to live by.
    public init(
        _ backend: any LockBackend, configuration: Configuration = Configuration(),
        logger: Logger = Logger(label: "lockstead"), observer: (any LockObserver)? = nil,
        time: any TimeSource = SystemTimeSource()
    ) {
        (self.backend, self.configuration) = (backend, configuration)
        plainEngine = backend as? InProcessBackend
        instruments = Instruments(
            engine: backend.capabilities.engine, metrics: configuration.metrics, tracer: configuration.tracer,
            logger: logger, observer: observer, time: time)
        holder = ProcessNote.make(host: configuration.host)
    }

    /// What the engine can carry, and what its grants promise.
    public var capabilities: Capabilities { backend.capabilities }

    var time: any TimeSource { instruments.time }
    var world: ObjectIdentifier { ObjectIdentifier(self) }
    var renewalLoop: RenewalLoop { RenewalLoop(backend: backend, registry: registry, instruments: instruments) }
}
