import LockCore

/// An engine around another one, which does itself only what it changes; everything else goes through.
package protocol BackendDecorator: LockBackend {
    /// The engine inside.
    var base: any LockBackend { get }
}

extension BackendDecorator {
    package var capabilities: Capabilities { base.capabilities }

    package func run() async throws { try await base.run() }

    package func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        try await base.acquire(request)
    }

    package func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        await base.renew(grants, deadline: deadline)
    }

    package func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        try await base.release(grant, deadline: deadline)
    }

    package func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {
        try await base.cancel(request, deadline: deadline)
    }

    package func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant {
        try await base.downgrade(grant, deadline: deadline)
    }

    package func handOver(_ grant: Grant, to request: LockRequest) async throws(LockError) -> Grant? {
        try await base.handOver(grant, to: request)
    }

    package func inspect(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> LockDescription? {
        try await base.inspect(name, deadline: deadline)
    }

    package func list(prefix: String, limit: Int, deadline: ContinuousTime) async throws(LockError)
        -> [LockDescription]
    {
        try await base.list(prefix: prefix, limit: limit, deadline: deadline)
    }

    package func changes(prefix: String) -> AsyncThrowingStream<LockChange, any Error> { base.changes(prefix: prefix) }

    package func forceRelease(_ name: LockName, reason: String, now: Bool, deadline: ContinuousTime)
        async throws(LockError) -> ForcedRelease
    {
        try await base.forceRelease(name, reason: reason, now: now, deadline: deadline)
    }

    package func load(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> Register {
        try await base.load(name, deadline: deadline)
    }

    package func store(_ write: RegisterWrite, deadline: ContinuousTime) async throws(LockError) -> RegisterOutcome {
        try await base.store(write, deadline: deadline)
    }

    package func notices() -> AsyncStream<BackendNotice> { base.notices() }
}
