public import LockCore

extension LockClient {
    /// Runs `body` once across all who call with the same name; the others wait, and learn that it is done.
    ///
    /// Who comes first holds the lock of that name while the body runs, renewed as in `withLock`; who comes while it runs waits. When it has
    /// returned, a mark is stored under its token, and every other call returns `nil`. A body that throws, is cancelled, or whose holder
    /// dies leaves no mark: the next in the queue runs it, after the dead holder's lease. A holder that lost its lock unnoticed cannot mark
    /// once another has begun; so at most one run counts, though a part of another may have been done.
    ///
    /// Guarantee: the engine's, fenced at the mark. Needs registers.
    ///
    /// - Parameters:
    ///   - name: What is to run once; use the name for nothing else.
    ///   - keptFor: How long it counts as done; `nil`, the default: until ``forgetRun(_:waitingAtMost:)``.
    ///   - waitingAtMost: How long to wait for another's run; for ever where `nil`.
    ///   - lease: How long a dead holder delays the next try; renewed while the body runs. `nil`: the client's default, 30 s unless
    ///     configured.
    ///   - require: The least guarantee to accept.
    ///   - purpose: What it is run for, for those who ask who holds the lock.
    ///   - body: Is run; the lease tells token and state.
    /// - Returns: What `body` returned, or `nil` where it was done already.
    /// - Throws: What `body` throws; `CancellationError`; `LockError` with `timedOut` where another's run took longer, with `leaseLost` where
    ///   another may have begun before this one was done, with `indeterminate` where the mark may not be stored, or with what else stands
    ///   against it (``LockError/Code``).
    public func runOnce<R: Sendable>(
        _ name: some LockNaming, keptFor: Duration? = nil, waitingAtMost: Duration? = nil, lease: Duration? = nil,
        require: Guarantee.Requirement? = nil, purpose: String = "run once",
        _ body: @escaping @Sendable (Lease) async throws -> R
    ) async throws -> R? {
        try Self.check(keptFor: keptFor)
        let name = try name.lockName()
        let end = try end(ofWaiting: waitingAtMost)
        // Most calls of a job that is done come after it.
        if try await hasRun(name) { return nil }
        return try await withLockOutcome(
            name, waitingAtMost: rest(until: end), lease: lease, require: require, reentry: .refused, purpose: purpose
        ) { lease in
            try await self.runUnmarked(name, keptFor, under: lease, body)
        }.value
    }

    /// Whether a body that runs once is done.
    ///
    /// - Parameter name: What was to run once.
    /// - Returns: How it stood at some moment of the call.
    /// - Throws: `LockError`: `unsupported`, `kindMismatch` where the name holds something else, or a failure of the engine.
    public func hasRun(_ name: some LockNaming) async throws -> Bool {
        let name = try name.lockName()
        try capabilities.demand(.registers, for: "running once")
        try await awaitRunning(until: nil)
        return try RunMark.isSet(in: try await loadRegister(name), of: name)
    }

    /// Forgets that a body has run, so that it runs once more; a run under way is waited for.
    ///
    /// - Parameters:
    ///   - name: What was to run once.
    ///   - waitingAtMost: How long to wait for a run; for ever where `nil`.
    /// - Throws: `CancellationError`; `LockError` with `timedOut`, with `indeterminate` where it may have happened (again is harmless), or
    ///   with what else stands against it.
    public func forgetRun(_ name: some LockNaming, waitingAtMost: Duration? = nil) async throws {
        let name = try name.lockName()
        try capabilities.demand(.registers, for: "running once")
        let end = try end(ofWaiting: waitingAtMost)
        try await edit(name, until: end, purpose: "forget a run") { register throws(LockError) in
            try RunMark.isSet(in: register, of: name) ? .write(.nothing, ()) : .leave(())
        }
    }
}

extension LockClient {
    /// Under the lock: enters the register first, so that whoever held the lock before cannot mark any more.
    private func runUnmarked<R: Sendable>(
        _ name: LockName, _ keptFor: Duration?, under lease: Lease, _ body: @Sendable (Lease) async throws -> R
    ) async throws -> R? {
        let entry = RegisterWrite(.unchanged, in: name, under: lease.token)
        guard case .stored(let register) = try await storeRegister(entry) else { throw Self.overtaken(name) }
        if try RunMark.isSet(in: register, of: name) { return nil }
        let value = try await body(lease)
        let mark = RegisterWrite(.value(RunMark.bytes, keptFor: keptFor), in: name, under: lease.token)
        guard case .stored = try await storeRegister(mark) else {
            throw LockError.leaseLost(
                bodyFinished: true,
                "The lock \"\(name)\" was lost while its body ran, and another has begun; that one counts. Check what this one did."
            )
        }
        return value
    }
}

/// What the register of something that runs once holds when it is done.
private enum RunMark {
    static let bytes: [UInt8] = [UInt8(ascii: "O")]

    static func isSet(in register: Register, of name: LockName) throws(LockError) -> Bool {
        guard let value = register.value else { return false }
        guard value == bytes else { throw .foreignRegister(name, of: "the mark of a run") }
        return true
    }
}
