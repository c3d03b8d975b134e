public import Lockstead

extension RecordingBackend {
    /// Downgrades, on record.
    ///
    /// - Parameters:
    ///   - grant: Which grant.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer.
    /// - Throws: The engine's `LockError`.
    public func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant {
        let call = invoke("downgrade", grant)
        do throws(LockError) {
            let shared = try await backend.downgrade(grant, deadline: deadline)
            recorder.answer(call, .ok)
            return shared
        } catch {
            recorder.answer(call, error.code == .notHeld ? .failed("lost: \(error.code)") : .init(error))
            throw error
        }
    }

    /// Hands over, on record.
    ///
    /// - Parameters:
    ///   - grant: Which grant.
    ///   - request: To which request.
    /// - Returns: The engine's answer.
    /// - Throws: The engine's `LockError`.
    public func handOver(_ grant: Grant, to request: LockRequest) async throws(LockError) -> Grant? {
        // The old grant's owner need not be the new one's.
        let call = invoke("hand_over", request, handingOver: grant)
        do throws(LockError) {
            let new = try await backend.handOver(grant, to: request)
            if let new {
                recorder.answer(call, .granted(new), ending: grant)
            } else {
                recorder.answer(call, .failed("a fair waiter comes first"))
            }
            return new
        } catch {
            recorder.answer(call, .init(error))
            throw error
        }
    }

    /// Describes one lock; not on record.
    ///
    /// - Parameters:
    ///   - name: Which lock.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer.
    /// - Throws: The engine's `LockError`.
    public func inspect(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> LockDescription? {
        try await backend.inspect(name, deadline: deadline)
    }

    /// Describes many locks; not on record.
    ///
    /// - Parameters:
    ///   - prefix: What the names start with.
    ///   - limit: How many at most.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer.
    /// - Throws: The engine's `LockError`.
    public func list(prefix: String, limit: Int, deadline: ContinuousTime) async throws(LockError)
        -> [LockDescription]
    {
        try await backend.list(prefix: prefix, limit: limit, deadline: deadline)
    }

    /// What the engine tells; not on record.
    ///
    /// - Parameter prefix: What the names start with.
    /// - Returns: The engine's changes.
    public func changes(prefix: String) -> AsyncThrowingStream<LockChange, any Error> {
        backend.changes(prefix: prefix)
    }

    /// Revokes, on record: without that, grants would seem to end too early.
    ///
    /// - Parameters:
    ///   - name: Which lock.
    ///   - reason: What the holders are told.
    ///   - now: Whether to free it at once.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer.
    /// - Throws: The engine's `LockError`.
    public func forceRelease(_ name: LockName, reason: String, now: Bool, deadline: ContinuousTime)
        async throws(LockError) -> ForcedRelease
    {
        let call = recorder.invoke(
            "force_release", of: HistoryRecorder.operator, client: client, engine: capabilities.engine
        ) { line in
            line.text("key", name.text)
            line.flag("now", now)
        }
        do throws(LockError) {
            let released = try await backend.forceRelease(name, reason: reason, now: now, deadline: deadline)
            recorder.answer(call, .ok)
            return released
        } catch {
            recorder.answer(call, .init(error))
            throw error
        }
    }

    /// What the engine tells its holders.
    ///
    /// - Returns: The engine's notices.
    public func notices() -> AsyncStream<BackendNotice> { backend.notices() }
}
