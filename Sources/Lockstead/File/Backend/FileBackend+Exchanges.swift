package import LockCore
internal import Synchronization

extension FileBackend {
    package func downgrade(_ grant: Grant, deadline: ContinuousTime) async throws(LockError) -> Grant {
        let session = session(of: grant)
        let answer = try await exchange(grant, deadline) { state, now in
            state.apply(.downgrade(.init(session: session, names: grant.names, token: grant.token)), at: now)
        }
        switch answer {
        case .downgraded(let record):
            var shared = grant
            shared.mode = record.mode
            return shared
        case .refused(let refusal) where refusal != .unknownSession: throw LockError(refusal)
        default: throw Self.notHeld(grant)
        }
    }

    /// RULES 9: the new grant lives in the old one's session, by the same lifeline.
    ///
    /// A longer lease than the session's is not handed over: an operator's revocation waits for the session's only.
    package func handOver(_ grant: Grant, to request: LockRequest) async throws(LockError) -> Grant? {
        try request.check(against: capabilities)
        guard request.lease <= grant.lease, let name = grant.names.first else { return nil }
        let session = session(of: grant)
        let lifeline = lives.withLock { $0.byRequest[grant.request]?.lifeline }
        guard let lifeline else { throw Self.notHeld(grant) }
        let deadline = request.wait == .never ? time.now + Self.patience : request.wait.deadline
        let made = try await exchange(grant, deadline) { (state, now) throws(LockError) -> HandedOver in
            let command = state.command(for: request, in: session)
            let answer = state.apply(
                .handOver(.init(session: session, name: name, token: grant.token, to: command)), at: now)
            guard case .granted(let record) = answer else { return HandedOver(answer: answer) }
            do throws(SystemError) { try lifeline.arm(until: now + TimeSpan(request.lease)) } catch {
                throw error.lockError()
            }
            return HandedOver(answer: answer, grant: self.grant(record, request.lease, state, now))
        }
        return try take(made, from: grant, lifeline)
    }

    private struct HandedOver: Sendable {
        var answer: Answer
        var grant: Grant?
    }

    private func take(_ made: HandedOver, from old: Grant, _ lifeline: Lifeline) throws(LockError) -> Grant? {
        switch made.answer {
        case .handOverRefused: return nil
        case .refused(let refusal) where refusal != .unknownSession: throw LockError(refusal)
        default: break
        }
        guard let grant = made.grant, let name = grant.names.first else { throw Self.notHeld(old) }
        let previous = lives.withLock { lives in
            lives.byRequest[grant.request] = Lives.Life(lifeline: lifeline)
            return lives.byRequest.removeValue(forKey: old.request)
        }
        _ = consume previous
        return hold(grant, NameKey(name))
    }

    private func exchange<Value: Sendable>(
        _ grant: Grant, _ deadline: ContinuousTime,
        _ body: @escaping @Sendable (inout NameState, ContinuousTime) throws(LockError) -> Value
    ) async throws(LockError) -> Value {
        guard let name = grant.names.first else { throw Self.notHeld(grant) }
        let key = NameKey(name)
        let value = try await worker.attempt(key, until: deadline) { () throws(LockError) -> Attempt<Value?> in
            let attempt = try self.store.change(key, creating: false) { (state, now) throws(LockError) in
                try body(&state, now)
            }
            switch attempt {
            case .contended: return .contended
            case .done(let change): return .done(change?.value)
            }
        }
        guard let value else { throw stuck(key) }
        guard let value else { throw Self.notHeld(grant) }
        return value
    }

    private static func notHeld(_ grant: Grant) -> LockError {
        let name = grant.names.first?.text ?? ""
        return LockError(
            .notHeld, "The lock \"\(name)\" is not held any more. Acquire it again.", effect: .didNotHappen)
    }
}
