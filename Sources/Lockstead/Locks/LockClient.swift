public import Logging
public import ServiceLifecycle

/// The locks of one engine, as a program uses them: scopes first (``withLock``), handles second (``acquire``).
///
/// A client starts nothing until ``run()`` is called: run it in a `ServiceGroup`, or use ``with(_:configuration:logger:observer:time:_:)``,
/// which runs it for a scope. Safe to use from any task.
public final class LockClient: Sendable {
    let backend: any LockBackend

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
        self.backend = backend
    }

    /// Opens an engine, runs a client for it while `body` runs, and shuts both down in good order.
    ///
    /// - Parameters:
    ///   - engine: Which engine, such as `.inProcess`.
    ///   - configuration: The defaults of all calls.
    ///   - logger: Where client and engine log.
    ///   - observer: Is told what happens to every lock.
    ///   - time: The clocks to live by.
    ///   - body: Uses the client. Handles it leaves behind are released when it returns.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or what kept the engine from starting.
    public static func with<R: Sendable>(
        _ engine: LockEngine, configuration: Configuration = Configuration(),
        logger: Logger = Logger(label: "lockstead"), observer: (any LockObserver)? = nil,
        time: any TimeSource = SystemTimeSource(), _ body: (LockClient) async throws -> R
    ) async throws -> R {
        let backend = try engine.makeBackend(EngineContext(logger: logger, time: time))
        return try await body(
            LockClient(backend, configuration: configuration, logger: logger, observer: observer, time: time))
    }

    /// What the engine can carry, and what its grants promise.
    public var capabilities: Capabilities { backend.capabilities }
}

extension LockClient: Service {
    /// Runs the client and its engine until the task is cancelled or shut down gracefully.
    public func run() async throws {
        try await backend.run()
    }
}

extension LockClient {
    /// What holds for all calls of a client unless they say otherwise.
    public struct Configuration: Sendable {
        /// Takes the defaults.
        public init() {}
    }
}
