import LockCore

// What the kinds of lock that remember something share: the register of a name, read and written by way of the engine.

extension LockClient {
    /// When a call is over that waits at most so long; `nil`: never.
    func end(ofWaiting duration: Duration?) throws(LockError) -> ContinuousTime? {
        guard let duration else { return nil }
        guard duration >= .zero else { throw .invalid("A wait of \(duration) is negative; use zero or more.") }
        return time.now.advanced(by: duration)
    }

    /// Until when the engine may answer a look of such a call: a wait of zero waits for nobody, and still has to ask.
    func end(ofLooking end: ContinuousTime?, waitingAtMost duration: Duration?) -> ContinuousTime? {
        duration == .zero ? nil : end
    }

    /// What is left until then; `nil`: no end.
    func rest(until end: ContinuousTime?) -> Duration? { end.map { max(.zero, time.now.duration(to: $0)) } }

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
                let outcome = try await backend.store(write, deadline: end)
                if effect == .didNotHappen || outcome.isStored { return .success(outcome) }
                // Refused now; but the attempt before, whose answer is missing, may have been carried out and then overtaken.
                return .failure(.overtakenStore(of: write.name))
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

extension RegisterOutcome {
    fileprivate var isStored: Bool {
        if case .stored = self { true } else { false }
    }
}

extension LockError {
    fileprivate static func overtakenStore(of name: LockName) -> LockError {
        LockError(
            .indeterminate,
            "Whether the register of \"\(name)\" was written is unknown: an answer was lost, and someone else wrote since. Look at it before you try again.",
            effect: .mayHaveHappened)
    }

    /// Whether the same call may succeed in a moment.
    var isPassing: Bool { effect == .mayHaveHappened || code == .engineUnavailable || code == .indeterminate }

    /// A register that holds something else than the kind of lock that reads it.
    static func foreignRegister(_ name: LockName, of kind: String) -> LockError {
        LockError(
            .kindMismatch, "The register of \"\(name)\" does not hold \(kind); use another name.",
            effect: .didNotHappen)
    }
}
