public import Logging

/// How to make an engine: what `LockClient.with(.inProcess)` takes.
///
/// Engines add static members to it.
public struct LockEngine: Sendable {
    /// The engine's name, such as `file`.
    public let name: String
    private let make: @Sendable (EngineContext) throws -> any LockBackend

    /// Wraps a way to make an engine.
    ///
    /// - Parameters:
    ///   - name: The engine's name, as in URLs and metric labels.
    ///   - makeBackend: Makes the engine; starts nothing.
    public init(name: String, makeBackend: @escaping @Sendable (EngineContext) throws -> any LockBackend) {
        (self.name, self.make) = (name, makeBackend)
    }

    /// Makes the engine; nothing starts until its `run()` is called.
    ///
    /// - Parameter context: The logger and the clocks it shall use.
    /// - Returns: The engine.
    /// - Throws: What the engine finds wrong with its settings.
    public func makeBackend(_ context: EngineContext) throws -> any LockBackend { try make(context) }
}

/// What an engine gets from its client.
public struct EngineContext: Sendable {
    /// Where the engine logs; nothing at `info` in normal work.
    public var logger: Logger
    /// The clocks it lives by.
    public var time: any TimeSource

    /// Puts a context together.
    public init(logger: Logger, time: any TimeSource) {
        (self.logger, self.time) = (logger, time)
    }
}
