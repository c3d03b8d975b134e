import LockCore

extension LockClient {
    /// Takes a grant over from the engine: from here on it is renewed, or given back.
    ///
    /// - Parameters:
    ///   - grant: What the engine gave.
    ///   - call: What it is for.
    ///   - line: Where it was waited for.
    ///   - marks: What the engine had told when it was asked for: what it told since may be about it.
    /// - Returns: The grant as held.
    /// - Throws: `CancellationError` where the caller was cancelled meanwhile, and what makes the grant useless; it is given back then.
    func accept(
        _ grant: Grant, for call: Call, line: LocalLines.Key?, marks: LeaseRegistry.Marks
    ) async throws -> HeldGrant {
        let held = HeldGrant(
            grant, renewEvery: configuration.renewEvery, progressWithin: call.options.terms.progressWithin, line: line,
            instruments: instruments)
        do {
            try Task.checkCancellation()
            let confirmed = try await confirm(held, for: call, doubts: marks.doubts)
            if let reason = registry.add(held) { endLease(held, reason) }
            // What was told in between found it in no register.
            let now = registry.marks
            if now.doubts != confirmed { doubt(held, Self.doubtOnTheWay) }
            if now.gaps != marks.gaps { askAnew(held) }
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

    private static let doubtOnTheWay = "the engine doubted its grants while this one was on its way"

    /// Has a grant confirmed that nothing vouches for yet, or that the engine may have doubted since it was asked for.
    ///
    /// - Returns: How many doubts there were before.
    private func confirm(_ held: HeldGrant, for call: Call, doubts: Int) async throws -> Int {
        let now = registry.marks.doubts
        if now != doubts { doubt(held, Self.doubtOnTheWay) }
        if held.grant.validity == .unconfirmed || now != doubts { try await confirm(held, for: call) }
        return now
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
