import LockCore

extension LockClient {
    /// Gives a grant back, whatever happens to the calling task meanwhile.
    ///
    /// - Returns: How it ended; a loss that the engine tells only now is reported (R21).
    /// - Throws: Why it failed; the grant is not held any more all the same, and the call may be repeated (R19).
    func sendRelease(_ held: HeldGrant) async throws(LockError) -> ReleaseOutcome {
        let believed = held.beginRelease()
        registry.remove(held)
        do {
            let outcome = try await shieldedRelease(held, mayHandOver: believed == .held).get()
            held.endRelease(succeeded: true)
            instruments.released(held, outcome)
            return outcome
        } catch {
            held.endRelease(succeeded: false)
            instruments.releaseFailed(held, error)
            throw error
        }
    }

    /// Gives a grant back for a caller who has other news to tell; what has not arrived, or may not have, is repeated in the background.
    @discardableResult
    func releaseQuietly(_ held: HeldGrant) async -> ReleaseOutcome? {
        guard held.claimRelease() else { return nil }
        do {
            return try await sendRelease(held)
        } catch {
            let isOpen = error.effect == .mayHaveHappened || error.code == .engineUnavailable
            // Where it is free, nobody needs to ask again.
            if isOpen, !(error.cause is FreeOfGrant) { giveBackInBackground(held.grant) }
            return nil
        }
    }

    /// Each for itself: one that is lost or fails keeps none of the others from being freed (R22).
    ///
    /// Last taken, first freed.
    func releaseQuietly(_ taken: [HeldGrant]) async {
        for held in taken.reversed() { await releaseQuietly(held) }
    }

    private func shieldedRelease(_ held: HeldGrant, mayHandOver: Bool) async -> Result<ReleaseOutcome, LockError> {
        // In process a release awaits nothing that cancellation could cut short.
        if capabilities.shortestLease == nil { return await release(held.grant) }
        return await shieldedFromCancellation {
            if let line = held.line, await self.handOver(held, line, isAllowed: mayHandOver) {
                return .success(.released)
            }
            return await self.release(held.grant)
        }
    }

    private func release(_ grant: Grant) async -> Result<ReleaseOutcome, LockError> {
        do {
            let deadline = time.now.advanced(by: configuration.callDeadline)
            return .success(try await backend.release(grant, deadline: deadline))
        } catch {
            return .failure(error)
        }
    }
}

extension LockClient {
    /// Withdraws a request whose answer was lost: it may hold or block the queue (R23, R26).
    func withdrawInBackground(_ request: LockRequest) {
        cleanUp { client, deadline throws(LockError) in
            try await client.backend.cancel(request, deadline: deadline)
        }
    }

    /// Gives back what nobody holds.
    func giveBackInBackground(_ grant: Grant) {
        cleanUp { client, deadline throws(LockError) in
            do throws(LockError) { _ = try await client.backend.release(grant, deadline: deadline) } catch {
                // It is free, and that is all that a clean-up wants.
                guard error.cause is FreeOfGrant else { throw error }
            }
        }
    }

    /// Repeats a clean-up until it is answered or its own deadline has passed (R25); a shutdown waits for it.
    private func cleanUp(
        _ attempt: @escaping @Sendable (LockClient, ContinuousTime) async throws(LockError) -> Void
    ) {
        // Where the client has stopped, the engine has let go of everything already.
        guard (try? gate.enter(.cleanUp)) != nil else { return }
        jobs.add { [self] in
            await repeatUntilAnswered(attempt)
            gate.leave()
        }
    }

    private func repeatUntilAnswered(
        _ attempt: @Sendable (LockClient, ContinuousTime) async throws(LockError) -> Void
    ) async {
        let end = time.now.advanced(by: configuration.cleanUpDeadline)
        var pause = TimeSpan.milliseconds(50)
        while time.now < end {
            do {
                return try await attempt(self, min(end, time.now.advanced(by: configuration.callDeadline)))
            } catch {
                guard error.isWorthRepeating else { return instruments.cleanUpFailed(error) }
            }
            // Only cancellation ends the sleep early, and then the engine is being stopped.
            guard (try? await time.sleep(until: min(end, time.now + pause))) != nil else { return }
            pause = min(pause * 2, .seconds(2))
        }
        instruments.cleanUpFailed(Self.cleanUpTimedOut)
    }

    private static let cleanUpTimedOut = LockError(
        .indeterminate, "A lost answer could not be cleaned up in time; the lease ends it.", effect: .mayHaveHappened)
}

extension LockError {
    /// Whether the next attempt may end otherwise: an engine that says that it may not do this says so the next time, too.
    fileprivate var isWorthRepeating: Bool {
        guard code != .permissionDenied, code != .kindMismatch else { return false }
        return effect == .mayHaveHappened || code == .engineUnavailable
    }
}
