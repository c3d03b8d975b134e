import LockCore

extension LockClient {
    /// One call, checked: what it asks for, and until when.
    struct Call: Sendable {
        /// Sorted and distinct.
        var names: [LockName]
        var options: AcquireOptions
        var lease: Duration
        var start: ContinuousTime
        /// `nil`: no deadline.
        var deadline: ContinuousTime?
        /// The span of its acquire.
        var span: SpanNote?
    }

    /// Checks a call before anything is sent.
    func prepare(_ names: [some LockNaming], _ options: AcquireOptions) throws(LockError) -> Call {
        var checked: [LockName] = []
        checked.reserveCapacity(names.count)
        for name in names { checked.append(try name.lockName()) }
        if checked.count > 1 { checked.sort() }
        let lease = options.lease ?? configuration.lease
        try options.validate(names: checked, lease: lease, configuration: configuration, engine: capabilities)
        let start = time.now
        return Call(
            names: checked, options: options, lease: lease, start: start, deadline: options.deadline(from: start))
    }

    /// Takes all `names` or none.
    ///
    /// - Returns: The grants, or `nil` where another holder is in the way and the call does not wait.
    func takeAll(_ names: [LockName], for call: Call, owner: OwnerID) async throws -> [HeldGrant]? {
        guard !backend.takesInOneStep(names) else {
            return try await take(names, for: call, owner: owner).map { [$0] }
        }
        return try await takeInOrder(names, for: call, owner: owner)
    }

    /// In sorted order, so that two such calls never wait for each other in a circle; what was taken goes back if one is missing (R41).
    private func takeInOrder(_ names: [LockName], for call: Call, owner: OwnerID) async throws -> [HeldGrant]? {
        var taken: [HeldGrant] = []
        do {
            for name in names {
                guard let held = try await take([name], for: call, owner: owner) else {
                    await releaseQuietly(taken)
                    return nil
                }
                taken.append(held)
            }
            // While the later ones were waited for, an earlier one may have been lost.
            for held in taken { try checkUsable(held) }
            return taken
        } catch {
            await releaseQuietly(taken)
            throw error
        }
    }

    /// Asks for one grant and registers it.
    private func take(_ names: [LockName], for call: Call, owner: OwnerID) async throws -> HeldGrant? {
        try Task.checkCancellation()
        let request = makeRequest(names, for: call, owner: owner)
        instruments.attempted(request)
        let start = time.now
        do {
            let held = try await ask(request, for: call)
            instruments.waited(request, since: start, held == nil ? .busy : .granted)
            return held
        } catch {
            instruments.waited(request, since: start, AcquireResult(of: error))
            throw error
        }
    }

    private func makeRequest(_ names: [LockName], for call: Call, owner: OwnerID) -> LockRequest {
        let options = call.options
        var note = holder
        (note.purpose, note.traceID) = (options.purpose, instruments.tracing.traceID)
        var terms = options.terms
        terms.progressWithin = nil
        return LockRequest(
            id: identifiers.make(), owner: owner, names: names, mode: options.mode, lease: call.lease,
            wait: options.wait(until: call.deadline), fairness: options.fairness(on: capabilities),
            priority: options.priority,
            terms: terms, note: note)
    }

    private func ask(_ request: LockRequest, for call: Call) async throws -> HeldGrant? {
        let marks = registry.marks
        if let grant = try await spin(request, for: call) {
            return try await accept(grant, for: call, line: nil, marks: marks)
        }
        let line = call.options.isPersonal ? nil : line(for: request)
        switch try await outcome(of: request, in: line) {
        case .granted(let grant): return try await accept(grant, for: call, line: line, marks: marks)
        case .busy(let holder):
            instruments.tracing.link(call.span, to: holder)
            if call.options.patience == .none { return nil }
            throw Self.timedOut(request, holder)
        }
    }

    /// Asks the engine, by way of the local queue where there is one.
    func outcome(of request: LockRequest, in line: LocalLines.Key?) async throws -> AcquireOutcome {
        do {
            guard let line else { return try await askOnce(request) }
            return try await acquireInLine(request, line)
        } catch {
            if error.code == .cancelled || Task.isCancelled { throw CancellationError() }
            if gate.phase == .stopped { throw gate.shutDownError }
            throw error
        }
    }

    /// Asks the engine, and sees to it that nothing is left behind where the answer was lost (R23–R27).
    func askOnce(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        do {
            return try await backend.acquire(request)
        } catch {
            if error.effect == .mayHaveHappened { withdrawInBackground(request) }
            throw error
        }
    }

    private static func timedOut(_ request: LockRequest, _ blocker: LockDescription?) -> LockError {
        let names = request.names.map { "\"\($0)\"" }.joined(separator: ", ")
        let holder = blocker?.holders.first.map { " \($0.inWords) holds it." } ?? ""
        return LockError(
            .timedOut, "The lock \(names) did not become free in time.\(holder) Wait longer or try again later.",
            effect: .didNotHappen)
    }
}

extension LockDescription.Holder {
    /// For messages: where and what the holder is, as far as it is known.
    fileprivate var inWords: String {
        let place = note.host.isEmpty ? "Another owner" : "Process \(note.processID) on \(note.host)"
        return note.purpose.isEmpty ? place : "\(place) (\(note.purpose))"
    }
}

extension AcquireResult {
    /// What an error says of the attempt.
    init(of error: any Error) {
        guard let error = error as? LockError else {
            self = .cancelled
            return
        }
        switch error.code {
        case .timedOut: self = .timedOut
        case .engineUnavailable, .indeterminate, .shutDown, .recovering, .leaseLost, .corruptState: self = .failed
        default: self = .refused
        }
    }
}
