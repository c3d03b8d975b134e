import LockCore

// What the kinds of lock that remember something share: the register of a name, read and written by way of the engine.

extension LockClient {
    /// Refuses a kind of lock where the engine lacks what it needs.
    func demand(_ features: Capabilities.Features, for kind: String) throws(LockError) {
        let missing = features.subtracting(capabilities.features)
        guard !missing.isEmpty else { return }
        throw LockError(
            .unsupported,
            "The engine \(capabilities.engine) has no \(missing.names.joined(separator: ", ")), which \(kind) needs; use an engine that has.",
            effect: .didNotHappen)
    }

    /// When a call is over that waits at most so long; `nil`: never.
    func end(ofWaiting duration: Duration?) throws(LockError) -> ContinuousTime? {
        guard let duration else { return nil }
        guard duration >= .zero else { throw .invalid("A wait of \(duration) is negative; use zero or more.") }
        return time.now.advanced(by: duration)
    }

    /// What is left until then; `nil`: no end.
    func rest(until end: ContinuousTime?) -> Duration? { end.map { max(.zero, time.now.duration(to: $0)) } }

    /// Waits until the client runs, as every call does.
    func awaitRunning(until end: ContinuousTime?) async throws {
        let patience = time.now.advanced(by: configuration.startPatience)
        let isNested = LockScope.isInside(client: world)
        try await gate.passage(nested: isNested, patience: min(patience, end ?? .distantFuture), time: time)
    }

    /// What a register holds.
    ///
    /// - Throws: `LockError`: the engine's.
    func loadRegister(_ name: LockName, until end: ContinuousTime? = nil) async throws(LockError) -> Register {
        let limit = time.now.advanced(by: configuration.callDeadline)
        return try await backend.load(name, deadline: min(limit, end ?? .distantFuture))
    }

    /// Writes a register, and again where the answer was lost, until ``Configuration/callDeadline``; not affected by cancellation.
    ///
    /// - Throws: `LockError`: the engine's; its effect tells whether the write may have happened.
    func storeRegister(_ write: RegisterWrite) async throws(LockError) -> RegisterOutcome {
        try await shieldedFromCancellation { await self.storeUntilAnswered(write) }.get()
    }

    private func storeUntilAnswered(_ write: RegisterWrite) async -> Result<RegisterOutcome, LockError> {
        let end = time.now.advanced(by: configuration.callDeadline)
        var (pause, effect) = (TimeSpan.milliseconds(20), LockError.Effect.didNotHappen)
        while true {
            do throws(LockError) {
                return .success(try await backend.store(write, deadline: end))
            } catch {
                if error.effect == .mayHaveHappened { effect = .mayHaveHappened }
                var final = error
                final.effect = effect
                guard error.isPassing, time.now + pause < end else { return .failure(final) }
                // The task is shielded, so that nothing ends the sleep early.
                try? await time.sleep(until: time.now + pause)
                pause = min(pause * 2, .milliseconds(500))
            }
        }
    }
}

extension LockError {
    /// Whether the same call may succeed in a moment.
    var isPassing: Bool { effect == .mayHaveHappened || code == .engineUnavailable || code == .indeterminate }

    /// A register that holds something else than the kind of lock that reads it.
    static func foreignRegister(_ name: LockName, of kind: String) -> LockError {
        LockError(
            .kindMismatch, "The register of \"\(name)\" does not hold \(kind); use another name.",
            effect: .didNotHappen)
    }
}
