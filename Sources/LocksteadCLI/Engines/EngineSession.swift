import Lockstead
import LocksteadEngines
import Logging

/// A running client of the engine a URL names, and the engine itself for what only some engines have.
struct EngineSession: Sendable {
    let client: LockClient
    let backend: any LockBackend

    /// Opens the engine, runs a client for it while `body` runs, and shuts both down in good order.
    static func with<R: Sendable>(
        _ url: String, time: any TimeSource = SystemTimeSource(), _ body: (EngineSession) async throws -> R
    ) async throws -> R {
        let engine = try Engines.open(url)
        var logger = Logger(label: "lockstead") { StreamLogHandler.standardError(label: $0) }
        // What goes wrong is told once, as the command's own error.
        logger.logLevel = .critical
        let backend = try engine.makeBackend(EngineContext(logger: logger, time: time))
        let opened = LockEngine(name: engine.name) { _ in backend }
        return try await LockClient.with(opened, logger: logger, time: time) { client in
            try await body(EngineSession(client: client, backend: backend))
        }
    }
}
