import Lockstead
import LocksteadTesting

/// A small engine in memory that judges its client: what comes out of order is refused and remembered as a violation.
///
/// A test can hold, lose and delay its answers, and moves its time by hand.
final class StrictEngine: LockBackend {
    /// What a test does to the next call of a kind.
    enum Mischief: Sendable {
        /// Carried out, but the answer is lost.
        case loseAnswer
        /// Not carried out, and the caller is told so.
        case refuse(LockError)
        /// The request arrives only when the door is opened.
        case delayRequest(Door)
        /// Carried out at once, but the answer comes only when the door is opened.
        case delayAnswer(Door)
        /// Granted, but with this validity.
        case grant(Grant.Validity)
    }

    enum Kind: Sendable { case acquire, renew, release, cancel, downgrade, handOver }

    enum Call: Sendable, Equatable {
        case run, stopped
        case acquire([String])
        case granted(FencingToken)
        case renew([FencingToken])
        case release(FencingToken)
        case released(FencingToken)
        case cancel(RequestID)
        case withdrawn(RequestID)
        case downgrade(FencingToken)
        case handOver(FencingToken)
    }

    let capabilities: Capabilities
    let clock: ManualClock
    let state: Watched<StrictEngineState>

    init(_ capabilities: Capabilities = .strict(), clock: ManualClock) {
        (self.capabilities, self.clock) = (capabilities, clock)
        state = Watched(StrictEngineState(guarantee: capabilities.guarantee))
    }

    var calls: [Call] { state.value.calls }
    var violations: [String] { state.value.violations }

    /// Does this to the next call of the kind.
    func play(_ mischief: Mischief, on kind: Kind) {
        state.update { $0.mischiefs[kind, default: []].append(mischief) }
    }

    /// Moves the time, and lets the engine expire and grant what that brings about.
    func advance(by duration: Duration) {
        clock.advance(by: duration)
        tick()
    }

    func tick() { settle { $0.serve(at: $1) } }

    func notify(_ notice: BackendNotice) { state.value.notices?.yield(notice) }

    /// Ends a grant as an operator or a restart would, and tells nobody.
    func forget(_ token: FencingToken) {
        settle { state, _ in _ = state.end(token) }
    }

    func run() async throws {
        let isFirst = state.update { state in
            defer { (state.phase, state.calls) = (.running, state.calls + [.run]) }
            return state.phase == .notBegun
        }
        if !isFirst { violate("run() was called twice") }
        if let error = await state.failure() { throw error }
        settle { state, _ in
            state.phase = .stopped
            state.calls.append(.stopped)
            state.endAllWaits(.failed(Self.stopped))
        }
    }

    func acquire(_ request: LockRequest) async throws(LockError) -> AcquireOutcome {
        try await demandRunning("acquire")
        let mischief = next(.acquire)
        if case .refuse(let error)? = mischief { throw error }
        if case .delayRequest(let door)? = mischief { await door.wait() }
        settle { $0.begin(request, at: $1, validity: mischief.validity) }
        let outcome = await wait(for: request)
        if case .delayAnswer(let door)? = mischief { await door.wait() }
        if case .loseAnswer? = mischief { throw Self.lost }
        switch outcome {
        case .granted(let grant): return .granted(grant)
        case .busy: return .busy(nil)
        case .failed(let error): throw error
        }
    }

    private func wait(for request: LockRequest) async -> StrictEngineState.Outcome {
        // The test that makes this task owns it and awaits its end.
        let timer = Task { [clock] in
            guard case .until(let deadline) = request.wait else { return }
            try await clock.sleep(until: deadline)
            self.tick()
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isThere = settle { state, _ in state.attach(continuation, to: request) }
                if !isThere { continuation.resume(returning: .failed(StrictEngineState.cancelled)) }
            }
        } onCancel: {
            settle { $0.withdraw(request.id, at: $1) }
        }
    }

    func renew(_ grants: [Grant], deadline: ContinuousTime) async -> [RenewalOutcome] {
        let sent = clock.now
        state.update { $0.calls.append(.renew(grants.map(\.token))) }
        let mischief = next(.renew)
        if case .refuse(let error)? = mischief { return grants.map { _ in .unknown(error) } }
        if case .delayRequest(let door)? = mischief { await hold(grants, at: door) }
        let outcomes = settle { state, now in grants.map { state.renew($0, sentAt: sent, at: now) } }
        if case .delayAnswer(let door)? = mischief { await hold(grants, at: door) }
        if case .loseAnswer? = mischief { return grants.map { _ in .unknown(Self.lost) } }
        return outcomes
    }

    private func hold(_ grants: [Grant], at door: Door) async {
        state.update { $0.heldRenewals += grants.count }
        await door.wait()
        state.update { $0.heldRenewals -= grants.count }
    }

    func release(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> ReleaseOutcome {
        state.update { $0.calls.append(.release(grant.token)) }
        if deadline <= clock.now { violate("release without a deadline ahead") }
        if Task.isCancelled { violate("release on a cancelled task") }
        let mischief = next(.release)
        if case .refuse(let error)? = mischief { throw error }
        if case .delayRequest(let door)? = mischief { await door.wait() }
        let outcome = settle { $0.release(grant, at: $1) }
        if case .delayAnswer(let door)? = mischief { await door.wait() }
        if case .loseAnswer? = mischief { throw Self.lost }
        return outcome
    }

    func cancel(_ request: LockRequest, deadline: ContinuousTime) async throws(LockError) {
        state.update { $0.calls.append(.cancel(request.id)) }
        if deadline <= clock.now { violate("cancel without a deadline ahead") }
        if case .refuse(let error)? = next(.cancel) { throw error }
        settle { state, now in
            state.withdraw(request.id, at: now)
            state.calls.append(.withdrawn(request.id))
        }
    }

    func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant {
        state.update { $0.calls.append(.downgrade(grant.token)) }
        return settle { $0.downgrade(grant, at: $1) }
    }

    func handOver(_ grant: Grant, to request: LockRequest) async throws(LockError) -> Grant? {
        state.update { $0.calls.append(.handOver(grant.token)) }
        if case .refuse(let error)? = next(.handOver) { throw error }
        return settle { $0.handOver(grant, to: request, at: $1) }
    }

    func inspect(_ name: LockName, deadline: ContinuousTime) async throws(LockError) -> LockDescription? { nil }

    func list(prefix: String, limit: Int, deadline: ContinuousTime) async throws(LockError) -> [LockDescription] { [] }

    func changes(prefix: String) -> AsyncThrowingStream<LockChange, any Error> { .init { $0.finish() } }

    func forceRelease(_ name: LockName, reason: String, now: Bool, deadline: ContinuousTime) async throws(LockError)
        -> ForcedRelease
    {
        let revoked = settle { state, _ in state.holders(of: [name]) }
        for grant in revoked { notify(.lost(grant.request, .revoked(reason))) }
        return ForcedRelease(revoked: revoked.map(\.token), waitsAtMost: .zero, waivedExclusion: now)
    }

    func notices() -> AsyncStream<BackendNotice> {
        let (stream, continuation) = AsyncStream.makeStream(of: BackendNotice.self)
        let isFirst = state.update { state in
            defer { state.notices = continuation }
            return state.notices == nil
        }
        if !isFirst { violate("notices() was called twice") }
        return stream
    }
}

extension StrictEngine {
    static let lost = LockError(.indeterminate, "The answer was lost.", effect: .mayHaveHappened)
    static let unreachable = LockError(.engineUnavailable, "The engine is away.", effect: .didNotHappen)
    static let stopped = LockError(.shutDown, "The engine has stopped.", effect: .didNotHappen)

    func violate(_ what: String) { state.update { $0.violations.append(what) } }

    /// Waits for `run()` to begin, as the contract says; a cancelled caller still waits, but it does begin.
    private func demandRunning(_ what: String) async throws(LockError) {
        await state.until { $0.phase != .notBegun }
        guard state.value.phase == .stopped else { return }
        violate("\(what) after the engine has stopped")
        throw Self.stopped
    }

    private func next(_ kind: Kind) -> Mischief? {
        state.update { state in
            guard state.mischiefs[kind]?.isEmpty == false else { return nil }
            return state.mischiefs[kind]?.removeFirst()
        }
    }

    /// Changes the state, then grants what became free, and wakes those it concerns.
    @discardableResult
    private func settle<R: Sendable>(_ change: @Sendable (inout StrictEngineState, ContinuousTime) -> R) -> R {
        let now = clock.now
        let (result, endings) = state.update { state in
            state.expire(at: now)
            let result = change(&state, now)
            state.serve(at: now)
            return (result, state.takeEndings())
        }
        for ending in endings { ending.continuation.resume(returning: ending.outcome) }
        return result
    }
}

extension StrictEngine.Mischief? {
    var validity: Grant.Validity? { if case .grant(let validity)? = self { validity } else { nil } }
}

extension Capabilities {
    static func strict(
        adding: Features = [], removing: Features = [], shortestLease: Duration? = .milliseconds(500),
        queuesLocally: Bool = false, exclusion: Guarantee.Exclusion = .linearizable
    ) -> Capabilities {
        let usual: Features = [
            .shared, .permits, .fair, .barging, .maximumHold, .downgrade, .severalNames, .inspect, .list, .changes,
            .forceRelease,
        ]
        return Capabilities(
            engine: "strict", guarantee: Guarantee(exclusion: exclusion, scope: .cluster, fencing: .monotonic),
            features: usual.union(adding).subtracting(removing), shortestLease: shortestLease,
            longestLease: .seconds(300), queuesLocally: queuesLocally)
    }
}
