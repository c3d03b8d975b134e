public import Lockstead

// Histories are of locks: what registers hold is not recorded.
extension RecordingBackend {
    /// Loads a register, off record.
    ///
    /// - Parameters:
    ///   - name: Which register.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer.
    /// - Throws: The engine's `LockError`.
    public func load(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> Register {
        try await backend.load(name, deadline: deadline)
    }

    /// Changes a register, off record.
    ///
    /// - Parameters:
    ///   - write: What is to be changed.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer.
    /// - Throws: The engine's `LockError`.
    public func store(_ write: RegisterWrite, deadline: ContinuousTime) async throws(LockError) -> RegisterOutcome {
        try await backend.store(write, deadline: deadline)
    }
}
