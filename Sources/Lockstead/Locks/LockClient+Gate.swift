import LockCore

// Before a call goes to the engine: does the client run?

extension LockClient {
    /// Waits until the client runs, as every call does, for ``Configuration/startPatience`` at most.
    ///
    /// - Parameters:
    ///   - end: When the call is over; `nil`: never.
    ///   - start: When it began; `nil`: now.
    /// - Throws: `LockError`: `notRunning`, `shutDown`; `CancellationError`.
    func awaitRunning(until end: ContinuousTime?, since start: ContinuousTime? = nil) async throws {
        try await passGate(nested: LockScope.isInside(client: world), until: end, since: start)
    }

    /// Waits until the client runs, and tells when a call that looks at locks or commands them is over.
    ///
    /// Such calls are let through while the client drains, too.
    func operationDeadline() async throws -> ContinuousTime {
        let now = time.now
        let deadline = now.advanced(by: configuration.callDeadline)
        try await passGate(nested: true, until: deadline, since: now)
        return deadline
    }

    private func passGate(nested: Bool, until end: ContinuousTime?, since start: ContinuousTime?) async throws {
        let patience = (start ?? time.now).advanced(by: configuration.startPatience)
        try await gate.passage(nested: nested, patience: min(patience, end ?? .distantFuture), time: time)
    }
}
