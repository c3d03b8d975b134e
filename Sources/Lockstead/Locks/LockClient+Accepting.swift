import LockCore

extension LockClient {
    /// Takes a grant over from the engine: from here on it is renewed, or given back.
    ///
    /// - Throws: `CancellationError` where the caller was cancelled meanwhile, and what makes the grant useless; it is given back then.
    func accept(_ grant: Grant, for call: Call, line: LocalLines.Key?) async throws -> HeldGrant {
        let held = HeldGrant(
            grant, renewEvery: configuration.renewEvery, progressWithin: call.options.terms.progressWithin, line: line,
            instruments: instruments)
        do {
            try Task.checkCancellation()
            if grant.validity == .unconfirmed { try await confirm(held, for: call) }
            if let reason = registry.add(held) { endLease(held, reason) }
            try checkUsable(held)
            try demandGuarantee(of: held, for: call)
        } catch {
            await releaseQuietly(held)
            throw error
        }
        instruments.granted(held)
        return held
    }

    /// R3: a grant may arrive after its own lease has ended; it is no grant then.
    func checkUsable(_ held: HeldGrant) throws(LockError) {
        guard case .lost(let reason) = held.leaseState else { return }
        throw LockError(
            .leaseLost,
            "The grant of \"\(held.names[0])\" was over when it arrived (\(reason.inWords)); try again, or with a longer lease.",
            effect: .didNotHappen, bodyFinished: false)
    }

    /// A single grant may promise less than its engine does at its best.
    func demandGuarantee(of held: HeldGrant, for call: Call) throws(LockError) {
        if let require = call.options.require, !held.guarantee.satisfies(require) {
            throw LockError(
                .guaranteeTooWeak,
                "This grant gives \(held.guarantee), which is less than the \(require) asked for; it was given back.",
                effect: .didNotHappen)
        }
    }

    /// Renews a grant that nothing vouches for yet, until the engine confirms or denies it (RULES 2).
    private func confirm(_ held: HeldGrant, for call: Call) async throws {
        let deadline = confirmationDeadline(for: call)
        while case .suspect = held.leaseState, let grant = held.beginRenewal() {
            let outcome = await backend.renew([grant], deadline: deadline).first ?? .unknown(Self.unconfirmed)
            renewalLoop.settle(held, outcome)
            try Task.checkCancellation()
            guard case .suspect = held.leaseState else { return }
            guard time.now < deadline else { throw outcome.failure ?? Self.unconfirmed }
            try await time.sleep(until: min(deadline, time.now + Self.confirmationPause(of: TimeSpan(call.lease))))
        }
    }

    /// As between renewals, but short however long the lease is: nobody works yet, and everybody waits.
    private static func confirmationPause(of lease: TimeSpan) -> TimeSpan {
        min(LeaseRules.retryDelay(of: lease), .milliseconds(250))
    }

    /// A grant that came at the last moment still gets one short exchange.
    private func confirmationDeadline(for call: Call) -> ContinuousTime {
        let now = time.now
        guard case .atMost = call.options.patience, let deadline = call.deadline else {
            return now.advanced(by: configuration.callDeadline)
        }
        return max(deadline, now.advanced(by: .milliseconds(100)))
    }

    private static let unconfirmed = LockError(
        .indeterminate, "The engine did not confirm the grant.", effect: .mayHaveHappened)
}

extension RenewalOutcome {
    /// What kept the engine from answering.
    fileprivate var failure: LockError? {
        if case .unknown(let error) = self { error } else { nil }
    }
}
