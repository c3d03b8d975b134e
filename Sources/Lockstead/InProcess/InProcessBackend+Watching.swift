public import LockCore

extension InProcessBackend {
    /// Describes one lock, or `nil` where nobody holds or awaits it.
    ///
    /// - Parameters:
    ///   - name: Which lock.
    ///   - deadline: Not needed: the answer is there at once.
    /// - Returns: The lock as it is now; `remaining` is `nil`, since grants have no lease.
    /// - Throws: Nothing.
    public func inspect(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> LockDescription? {
        store.update { state, now in
            _ = state.apply(.advance, at: now)
            return state.describe(name)
        }
    }

    /// Describes the live locks whose names start with `prefix`, all as they are at one moment.
    ///
    /// - Parameters:
    ///   - prefix: What the names start with; empty for all.
    ///   - limit: How many at most.
    ///   - deadline: Not needed: the answer is there at once.
    /// - Returns: The locks, in byte order of their names.
    /// - Throws: Nothing.
    public func list(prefix: String, limit: Int, deadline: ContinuousTime) async throws(LockError)
        -> [LockDescription]
    {
        store.update { state, now in
            _ = state.apply(.advance, at: now)
            return state.list(prefix: prefix, limit: limit)
        }
    }

    /// What happens to locks whose names start with `prefix`, from now on, until this client stops.
    ///
    /// - Parameter prefix: What the names start with; empty for all.
    /// - Returns: The changes in their order; throws `limitExceeded` where 100,000 of them were left unread.
    public func changes(prefix: String) -> AsyncThrowingStream<LockChange, any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: LockChange.self, bufferingPolicy: .bufferingOldest(ChangeReader.mostUnread))
        let ticket = store.update { [id] state, _ in
            state.add(ChangeReader(client: id, prefix: prefix, stream: continuation))
        }
        continuation.onTermination = { [store] _ in store.update { state, _ in state.readers[ticket] = nil } }
        return stream
    }

    /// Revokes every grant of a name.
    ///
    /// - Parameters:
    ///   - name: Which lock.
    ///   - reason: What the holders are told.
    ///   - now: Whether to free it at once, without waiting for the holders' acknowledgement.
    ///   - deadline: Not needed: it is done at once.
    /// - Returns: Which tokens were revoked, and for how long the next grant may have to wait: at most the lease that the holder
    ///   asked with.
    /// - Throws: `LockError`; `limitExceeded` for a reason that is too long.
    public func forceRelease(_ name: LockName, reason: String, now: Bool, deadline: ContinuousTime)
        async throws(LockError) -> ForcedRelease
    {
        let command = Command.ForceRelease(name: name, reason: reason, now: now)
        let answer = store.update { state, time in state.apply(.forceRelease(command), at: time) }
        switch answer {
        case .revoked(let tokens, let wait):
            return ForcedRelease(revoked: tokens, waitsAtMost: wait.duration, waivedExclusion: now && !tokens.isEmpty)
        case .refused(let refusal): throw LockError(refusal)
        case .done, .session, .granted, .queued, .busy, .released, .notHeld, .downgraded, .handOverRefused, .valid,
            .register:
            preconditionFailure("the table answered a forced release with \(answer)")
        }
    }

    /// Which grants of this client were revoked or ended by their cap, from the first call on, until this client stops.
    ///
    /// - Returns: The notices; one reader at a time, a later call takes over from an earlier one.
    public func notices() -> AsyncStream<BackendNotice> {
        let (stream, continuation) = AsyncStream.makeStream(of: BackendNotice.self)
        store.update { [id] state, _ in state.setNotices(continuation, of: id) }
        return stream
    }
}
