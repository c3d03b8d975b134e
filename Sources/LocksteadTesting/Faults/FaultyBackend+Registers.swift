public import Lockstead

extension FaultyBackend {
    /// Loads a register, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - name: Which register.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func load(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> Register {
        try await call(.load, until: deadline) { () async throws(LockError) in
            try await backend.load(name, deadline: deadline)
        }
    }

    /// Changes a register, unless the cable is cut.
    ///
    /// - Parameters:
    ///   - write: What is to be changed.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer, unless it is lost.
    /// - Throws: `LockError`; the engine's, `engineUnavailable`, or `indeterminate`.
    public func store(_ write: RegisterWrite, deadline: ContinuousTime) async throws(LockError) -> RegisterOutcome {
        try await call(.store, until: deadline) { () async throws(LockError) in
            try await backend.store(write, deadline: deadline)
        }
    }
}
