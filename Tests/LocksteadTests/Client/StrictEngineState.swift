import LocksteadTesting
import Lockstead

/// The state of a ``StrictEngine``, and its own simple lock rules: independent of `LockTable`, which is tested elsewhere.
struct StrictEngineState: Sendable {
    enum Outcome: Sendable { case granted(Grant), busy, failed(LockError) }

    struct Holder: Sendable {
        var grant: Grant
        var expiresAt: ContinuousTime
    }

    struct Waiter: Sendable {
        var request: LockRequest
        var validity: Grant.Validity?
        /// There may be an outcome before anyone listens, and the other way round.
        var outcome: Outcome?
        var continuation: CheckedContinuation<Outcome, Never>?
    }

    struct Ending: Sendable {
        var continuation: CheckedContinuation<Outcome, Never>
        var outcome: Outcome
    }

    let guarantee: Guarantee
    enum Phase: Sendable { case notBegun, running, stopped }

    var phase = Phase.notBegun
    var failureToRaise: LockError?
    var notices: AsyncStream<BackendNotice>.Continuation?
    var calls: [StrictEngine.Call] = []
    var violations: [String] = []
    var mischiefs: [StrictEngine.Kind: [StrictEngine.Mischief]] = [:]
    private(set) var holders: [FencingToken: Holder] = [:]
    /// Which tokens hold a name.
    private var tokens: [LockName: Set<FencingToken>] = [:]
    /// Nothing expires before.
    private var firstExpiry = ContinuousTime(nanoseconds: .max)
    var waiters: [Waiter] = []
    var nextToken: UInt64 = 1
    /// Renewals that stand before a test's door.
    var heldRenewals = 0
    /// Whether any request has had to wait.
    private(set) var hasQueued = false
    /// What each request asked for.
    private(set) var terms: [HoldTerms] = []
    private var seen: Set<RequestID> = []
    private var released: Set<FencingToken> = []

    init(guarantee: Guarantee) { self.guarantee = guarantee }

    mutating func begin(_ request: LockRequest, at now: ContinuousTime, validity: Grant.Validity?) {
        calls.append(.acquire(request.names.map(\.text)))
        if !seen.insert(request.id).inserted { violations.append("the request \(request.id) was used twice") }
        if request.names != request.names.sorted() { violations.append("the names are not sorted") }
        waiters.append(Waiter(request: request, validity: validity))
        terms.append(request.terms)
        serve(at: now)
        hasQueued = hasQueued || waiters.contains { $0.request.id == request.id && $0.outcome == nil }
    }

    /// - Returns: Whether the request is still there; a withdrawn one has no outcome to wait for. The caller resumes outside of the lock,
    ///   as a cancellation handler takes it too.
    mutating func attach(_ continuation: CheckedContinuation<Outcome, Never>, to request: LockRequest) -> Bool {
        guard let place = waiters.firstIndex(where: { $0.request.id == request.id }) else { return false }
        waiters[place].continuation = continuation
        return true
    }

    /// Grants what is free in order of arrival, and ends waits whose time is over.
    mutating func serve(at now: ContinuousTime) {
        for place in waiters.indices where waiters[place].outcome == nil {
            let request = waiters[place].request
            let isFirst = !waiters[..<place].contains { $0.outcome == nil && $0.request.conflicts(with: request) }
            if isFirst, !holders(of: request.names).contains(where: { $0.conflicts(with: request) }), fits(request) {
                waiters[place].outcome = .granted(grant(request, at: now, validity: waiters[place].validity))
            } else if request.isOver(at: now) {
                waiters[place].outcome = .busy
            }
        }
    }

    private func fits(_ request: LockRequest) -> Bool {
        guard case .permits(let count, let limit) = request.mode else { return true }
        let out = holders(of: request.names).reduce(0) { sum, holder in
            if case .permits(let count, _) = holder.mode { sum + count } else { sum }
        }
        return out + count <= limit
    }

    private mutating func grant(_ request: LockRequest, at now: ContinuousTime, validity: Grant.Validity?) -> Grant {
        let grant = Grant(
            request: request.id, owner: request.owner, names: request.names, mode: request.mode,
            token: FencingToken(rawValue: nextToken), lease: request.lease,
            validity: validity ?? .armed(at: now, for: request.lease),
            holdLimit: request.terms.maximumHold.map { now.advanced(by: $0) }, guarantee: guarantee)
        nextToken += 1
        calls.append(.granted(grant.token))
        let end = min(now.advanced(by: request.lease), grant.holdLimit ?? ContinuousTime(nanoseconds: .max))
        holders[grant.token] = Holder(grant: grant, expiresAt: end)
        for name in grant.names { tokens[name, default: []].insert(grant.token) }
        firstExpiry = min(firstExpiry, end)
        return grant
    }

    func holders(of names: [LockName]) -> [Grant] {
        Set(names.flatMap { tokens[$0] ?? [] }).compactMap { holders[$0]?.grant }
    }

    /// Ends a grant.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    mutating func end(_ token: FencingToken) -> Bool {
        guard let holder = holders.removeValue(forKey: token) else { return false }
        for name in holder.grant.names { tokens[name]?.remove(token) }
        return true
    }

    mutating func expire(at now: ContinuousTime) {
        guard firstExpiry <= now else { return }
        for holder in holders.values where holder.expiresAt <= now { end(holder.grant.token) }
        firstExpiry = holders.values.map(\.expiresAt).min() ?? ContinuousTime(nanoseconds: .max)
    }

    mutating func takeEndings() -> [Ending] {
        let endings = waiters.compactMap { waiter in
            waiter.continuation.flatMap { continuation in
                waiter.outcome.map { Ending(continuation: continuation, outcome: $0) }
            }
        }
        waiters.removeAll { $0.continuation != nil && $0.outcome != nil }
        return endings
    }

    mutating func withdraw(_ id: RequestID, at now: ContinuousTime) {
        for place in waiters.indices where waiters[place].request.id == id {
            if case .granted(let grant)? = waiters[place].outcome {
                end(grant.token)
            }
            waiters[place].outcome = .failed(Self.cancelled)
        }
        for holder in holders.values where holder.grant.request == id { end(holder.grant.token) }
    }

    mutating func endAllWaits(_ outcome: Outcome) {
        for place in waiters.indices where waiters[place].outcome == nil { waiters[place].outcome = outcome }
    }

    mutating func renew(_ grant: Grant, sentAt: ContinuousTime, at now: ContinuousTime) -> RenewalOutcome {
        if released.contains(grant.token) { violations.append("\(grant.token) was renewed after its release") }
        guard holders[grant.token] != nil else { return .lost(.superseded) }
        let limit = grant.holdLimit ?? ContinuousTime(nanoseconds: .max)
        holders[grant.token]?.expiresAt = min(now.advanced(by: grant.lease), limit)
        return .renewed(.armed(at: sentAt, for: grant.lease))
    }

    mutating func release(_ grant: Grant, at now: ContinuousTime) -> ReleaseOutcome {
        let isRepeated = !released.insert(grant.token).inserted
        let wasHeld = end(grant.token)
        calls.append(.released(grant.token))
        return wasHeld || isRepeated ? .released : .lost(.expired)
    }

    mutating func downgrade(_ grant: Grant, at now: ContinuousTime) -> Grant {
        var shared = grant
        shared.mode = .shared
        holders[grant.token]?.grant = shared
        return shared
    }

    mutating func handOver(_ old: Grant, to request: LockRequest, at now: ContinuousTime) -> Grant? {
        guard holders[old.token] != nil else { return nil }
        if waiters.contains(where: { $0.outcome == nil && $0.request.fairness == .fair }) { return nil }
        end(old.token)
        released.insert(old.token)
        return grant(request, at: now, validity: nil)
    }

    static let cancelled = LockError(.cancelled, "The request was withdrawn.", effect: .didNotHappen)
}

extension Watched where State == StrictEngineState {
    /// Returns when the task is cancelled (nil) or a test raises a failure.
    func failure() async -> LockError? {
        let cancelled = Watched<Bool>(false)
        return await withTaskCancellationHandler {
            await withTaskGroup(of: LockError?.self) { group in
                group.addTask {
                    await cancelled.until { $0 }
                    return nil
                }
                group.addTask { [self] in
                    await until { $0.failureToRaise != nil || $0.phase != .running }
                    return value.failureToRaise
                }
                let first = await group.next() ?? nil
                update { $0.phase = .stopped }
                cancelled.update { $0 = true }
                return first
            }
        } onCancel: {
            cancelled.update { $0 = true }
        }
    }
}

extension LockRequest {
    func isOver(at now: ContinuousTime) -> Bool {
        switch wait {
        case .never: true
        case .until(let deadline): deadline <= now
        case .forever: false
        }
    }

    func conflicts(with other: LockRequest) -> Bool {
        !Set(names).isDisjoint(with: other.names) && !mode.isCompatible(with: other.mode)
    }
}

extension Grant {
    func conflicts(with request: LockRequest) -> Bool {
        !Set(names).isDisjoint(with: request.names) && !mode.isCompatible(with: request.mode)
    }
}

extension LockMode {
    /// Permits are counted, not excluded.
    fileprivate func isCompatible(with other: LockMode) -> Bool {
        switch (self, other) {
        case (.shared, .shared), (.permits, .permits): true
        default: false
        }
    }
}
