package import LockCore

extension FileBackend {
    /// What the register of a name holds; on the disk before it is told, since another process may have died before its sync.
    package func load(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> Register {
        try ensureRunning()
        let register = try await onState(of: NameKey(name), creating: false, deadline) { state, now in
            state.mustBeDurable = true
            return state.register(at: now)
        }
        return register ?? Register()
    }

    /// Changes the register of a name; synced before it is told.
    package func store(_ write: RegisterWrite, deadline: ContinuousTime) async throws(LockError) -> RegisterOutcome {
        let outcome = try await onState(of: NameKey(write.name), creating: true, deadline) {
            (state, now) throws(LockError) in try state.store(write, at: now)
        }
        if let outcome { return outcome }
        throw LockError(.engineUnavailable, "The register has no state. Try again.", effect: .didNotHappen)
    }

    /// Runs `body` under the state lock; `nil` where there is no state and none is to be made.
    private func onState<Value: Sendable>(
        of key: NameKey, creating: Bool, _ deadline: ContinuousTime,
        _ body: @escaping @Sendable (inout NameState, ContinuousTime) throws(LockError) -> Value
    ) async throws(LockError) -> Value? {
        let result = try await worker.attempt(key, until: deadline) { () throws(LockError) -> Attempt<Value?> in
            let attempt = try self.store.change(key, creating: creating) { (state, now) throws(LockError) in
                try body(&state, now)
            }
            switch attempt {
            case .contended: return .contended
            case .done(let change): return .done(change?.value)
            }
        }
        guard let result else { throw stuck(key) }
        return result
    }
}

extension NameState {
    /// The register as the public sees it.
    func register(at now: ContinuousTime) -> Register { Register(table.register(of: name), at: logTime(now)) }

    /// Carries a write out; one that was refused is not written, but what refused it must be on the disk.
    mutating func store(_ write: RegisterWrite, at now: ContinuousTime) throws(LockError) -> RegisterOutcome {
        let before = self
        let outcome = try RegisterOutcome(apply(write.command, at: now), at: logTime(now))
        if case .stored = outcome { return outcome }
        self = before
        mustBeDurable = true
        return outcome
    }
}
