public import Lockstead

/// Any engine, with everything that is asked of it recorded.
///
/// Each line of invocation is written before the call goes to the engine, each answer when it comes back. A call whose outcome is not
/// known is recorded as such, and its owner goes on under another process number.
///
/// When ``run()`` ends, the processes that still hold something are recorded as dead: the engine may free what they held.
public struct RecordingBackend: LockBackend {
    let backend: any LockBackend
    let recorder: HistoryRecorder
    private let notesQueues: Bool
    let client: Int

    /// Puts a recorder before an engine.
    ///
    /// - Parameters:
    ///   - backend: The engine.
    ///   - recorder: Where to record.
    ///   - notesQueues: Whether to record, while ``run()`` runs, when the engine has taken requests into its queues: without that
    ///     nothing can be said about their order. Needs an engine that tells changes.
    public init(_ backend: any LockBackend, _ recorder: HistoryRecorder, notesQueues: Bool = false) {
        (self.backend, self.recorder) = (backend, recorder)
        self.notesQueues = notesQueues && backend.capabilities.features.contains(.changes)
        let client = recorder.begin(backend.capabilities)
        self.client = client
        // A death by plan is on record before anybody can profit from it.
        (backend as? FaultyBackend)?.cable.beforeDeath { recorder.died(client) }
    }

    /// What the engine can carry.
    public var capabilities: Capabilities { backend.capabilities }

    /// Runs the engine.
    ///
    /// - Throws: What the engine throws.
    public func run() async throws {
        // Owned by this call, which awaits its end below; a child task would be cancelled before the deaths are on record.
        let engine = Task { try await backend.run() }
        try await withTaskCancellationHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                if notesQueues { group.addTask { try await noteQueues() } }
                defer { group.cancelAll() }
                do {
                    try await engine.value
                    if !Task.isCancelled { recorder.died(client) }
                } catch {
                    recorder.died(client)
                    throw error
                }
            }
        } onCancel: {
            recorder.died(client)
            engine.cancel()
        }
    }

    private func noteQueues() async throws {
        for try await change in backend.changes(prefix: "") where change.kind == .queued {
            recorder.queued(change.owner)
        }
    }

    /// Asks the engine, on record.
    ///
    /// - Parameter request: What is asked for.
    /// - Returns: The engine's answer.
    /// - Throws: The engine's `LockError`.
    public func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        let call = invoke("acquire", request)
        do throws(LockError) {
            let outcome = try await backend.acquire(request)
            switch outcome {
            case .granted(let grant): recorder.answer(call, .granted(grant))
            case .busy: recorder.answer(call, .failed("busy"))
            }
            return outcome
        } catch {
            recorder.answer(call, .init(error))
            throw error
        }
    }

    /// Renews, on record: one operation for each grant.
    ///
    /// - Parameters:
    ///   - grants: Which grants.
    ///   - deadline: When the answer is of no more use.
    /// - Returns: The engine's outcomes.
    public func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        let calls = grants.map { invoke("renew", $0) }
        let outcomes = await backend.renew(grants, deadline: deadline)
        for (place, outcome) in outcomes.enumerated() {
            switch outcome {
            case .renewed(let validity):
                recorder.answer(calls[place], .renewed(validity, lease: grants[place].lease))
            case .lost(let reason):
                recorder.answer(calls[place], .failed("lost: \(reason)"), ending: grants[place])
            case .unknown(let error): recorder.answer(calls[place], .init(error))
            }
        }
        return outcomes
    }

    /// Releases, on record.
    ///
    /// - Parameters:
    ///   - grant: Which grant.
    ///   - deadline: When to stop trying.
    /// - Returns: The engine's answer.
    /// - Throws: The engine's `LockError`.
    public func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        let call = invoke("release", grant)
        do throws(LockError) {
            let outcome = try await backend.release(grant, deadline: deadline)
            switch outcome {
            case .released: recorder.answer(call, .ok, ending: grant)
            case .lost(let reason): recorder.answer(call, .failed("lost: \(reason)"), ending: grant)
            }
            return outcome
        } catch {
            recorder.answer(call, .init(error))
            throw error
        }
    }

    /// Withdraws, on record.
    ///
    /// - Parameters:
    ///   - request: Which request.
    ///   - deadline: When to stop trying.
    /// - Throws: The engine's `LockError`.
    public func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {
        let call = recorder.invoke("cancel", of: request.owner, client: client, engine: capabilities.engine) { line in
            line.names(request.names)
            line.text("of", "\(request.id)")
        }
        do throws(LockError) {
            try await backend.cancel(request, deadline: deadline)
            recorder.answer(call, .ok)
        } catch {
            recorder.answer(call, .init(error))
            throw error
        }
    }

    func invoke(_ operation: String, _ grant: Grant) -> RecordedCall {
        recorder.invoke(operation, of: grant.owner, client: client, engine: capabilities.engine) { line in
            line.names(grant.names)
            if grant.token.rawValue > 0 { line.number("token", grant.token.rawValue) }
            line.text("of", "\(grant.request)")
            if capabilities.shortestLease != nil { line.milliseconds("ttl_ms", grant.lease) }
        }
    }

    func invoke(_ operation: String, _ request: LockRequest, handingOver grant: Grant? = nil) -> RecordedCall {
        recorder.invoke(operation, of: request.owner, id: request.id, client: client, engine: capabilities.engine) {
            line in
            line.names(request.names)
            line.mode(request.mode)
            if let grant { line.number("token", grant.token.rawValue) }
            describe(request, &line)
        }
    }

    private func describe(_ request: LockRequest, _ line: inout HistoryFormatter) {
        if capabilities.shortestLease != nil { line.milliseconds("ttl_ms", request.lease) }
        switch request.wait {
        case .never: line.number("wait_ms", 0)
        case .until(let deadline): line.milliseconds("wait_ms", recorder.now.duration(to: deadline))
        case .forever: break
        }
        if request.terms.lockDelay > .zero { line.milliseconds("delay_ms", request.terms.lockDelay) }
        if request.terms.minimumHold > .zero { line.milliseconds("min_ms", request.terms.minimumHold) }
        if let cap = request.terms.maximumHold { line.milliseconds("max_ms", cap) }
        if request.fairness != .fair { line.flag("fair", false) }
        if request.priority != 0 { line.number("prio", request.priority) }
    }
}
