public import LockCore

// What an engine without registers answers.
extension LockBackend {
    /// Refused: the engine has no registers.
    ///
    /// - Parameters:
    ///   - name: Not looked at.
    ///   - deadline: Not needed: the answer is there at once.
    /// - Returns: Nothing.
    /// - Throws: `LockError` with the code `unsupported`.
    public func load(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> Register {
        throw .noRegisters(of: capabilities.engine)
    }

    /// Refused: the engine has no registers.
    ///
    /// - Parameters:
    ///   - write: Not looked at.
    ///   - deadline: Not needed: the answer is there at once.
    /// - Returns: Nothing.
    /// - Throws: `LockError` with the code `unsupported`.
    public func store(_ write: RegisterWrite, deadline: ContinuousTime) async throws(LockError) -> RegisterOutcome {
        throw .noRegisters(of: capabilities.engine)
    }
}

extension LockError {
    fileprivate static func noRegisters(of engine: String) -> LockError {
        LockError(
            .unsupported,
            "The engine \(engine) keeps no values beside its locks, which this kind of lock needs. Use another engine.",
            effect: .didNotHappen)
    }
}
