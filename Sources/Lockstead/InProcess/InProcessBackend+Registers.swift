public import LockCore

extension InProcessBackend {
    /// What the register of a name holds now.
    ///
    /// - Parameters:
    ///   - name: Which register.
    ///   - deadline: Not needed: the answer is there at once.
    /// - Returns: The register; values that have ended are gone, whether or not a client runs.
    /// - Throws: `LockError` with `shutDown` where this client has stopped.
    public func load(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> Register {
        let register = store.update { [id] state, now -> Register? in
            guard !state.stopped.contains(id) else { return nil }
            _ = state.apply(.advance, at: now)
            return state.register(of: name)
        }
        guard let register else { throw .engineStopped }
        return register
    }

    /// Changes the register of a name, or has it note a token.
    ///
    /// - Parameters:
    ///   - write: What is to be changed.
    ///   - deadline: Not needed: it is done at once.
    /// - Returns: What came of it.
    /// - Throws: `LockError`; `limitExceeded` for a value that is too long, or where too many are kept; `invalidOption` for a token
    ///   that no grant has had.
    public func store(_ write: RegisterWrite, deadline: ContinuousTime) async throws(LockError) -> RegisterOutcome {
        let (answer, time) = store.update { state, now in (state.apply(write.command, at: now), state.logTime) }
        return try RegisterOutcome(answer, at: time)
    }
}
