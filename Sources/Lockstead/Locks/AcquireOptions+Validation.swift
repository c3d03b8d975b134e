import LockCore

extension AcquireOptions {
    /// The most names one call may cover, so that a deadlock check can walk them all.
    static let mostNames = Limits.namesPerRequest

    /// Beyond this a place in the queue is better for everyone.
    static let longestSpinning = Duration.seconds(1)

    /// Refuses what no engine could mean and what this engine cannot carry, before anything is sent.
    func validate(names: [LockName], lease: Duration, configuration: LockClient.Configuration, engine: Capabilities)
        throws(LockError)
    {
        try validate(names: names)
        try validateWait()
        try validate(lease: lease, configuration, engine)
        try validateMode(engine)
        try validateTerms(engine)
        try validateGuarantee(engine)
        if fairness == .barging { try engine.demand(.barging, "barging requests") }
        if priority != 0 { try engine.demand(.priority, "priorities") }
        guard HolderNote(purpose: purpose).byteCount <= HolderNote.maximumByteCount else {
            throw .invalid("A purpose has \(purpose.utf8.count) bytes; the most is \(HolderNote.maximumByteCount).")
        }
    }

    private func validate(names: [LockName]) throws(LockError) {
        guard !names.isEmpty else { throw .invalid("No name was given; name at least one lock.") }
        guard names.count <= Self.mostNames else {
            throw .invalid(
                "\(names.count) names were given; the most is \(Self.mostNames). Use one lock that covers them all.")
        }
        // The names are sorted, so that twins are neighbours.
        for (name, next) in zip(names, names.dropFirst()) where name == next {
            throw .invalid("The name \"\(name)\" was given twice; give each name once.")
        }
    }

    private func validateWait() throws(LockError) {
        guard (.zero...Self.longestSpinning).contains(spinning) else {
            throw .invalid("Spinning for \(spinning) is out of range; use zero to \(Self.longestSpinning).")
        }
        if case .atMost(let duration) = patience, duration < .zero {
            throw .invalid("A wait of \(duration) is negative; use zero or more, or no limit.")
        }
    }

    private func validate(lease: Duration, _ configuration: LockClient.Configuration, _ engine: Capabilities)
        throws(LockError)
    {
        guard lease > .zero else { throw .invalid("A lease of \(lease) is not positive; the default is 30 seconds.") }
        guard lease <= engine.longestLease else {
            throw .invalid(
                "A lease of \(lease) is longer than \(engine.engine) takes, which is \(engine.longestLease).")
        }
        if let shortest = engine.shortestLease, lease < shortest {
            throw .invalid("A lease of \(lease) is shorter than \(engine.engine) takes, which is \(shortest).")
        }
        guard let interval = configuration.renewEvery else { return }
        let longest = LeaseRules.longestRenewalInterval(of: TimeSpan(lease)).duration
        guard interval >= .milliseconds(1), interval <= longest else {
            throw .invalid(
                "Renewing every \(interval) does not suit a lease of \(lease); use a millisecond or more, and at most \(longest)."
            )
        }
    }

    private func validateMode(_ engine: Capabilities) throws(LockError) {
        switch mode {
        case .exclusive: return
        case .shared: try engine.demand(.shared, "shared (read) locks")
        case .permits(let count, let limit):
            guard (1...LockMode.maximumPermits).contains(limit) else {
                throw .invalid("A semaphore of \(limit) permits is out of range; use 1 to \(LockMode.maximumPermits).")
            }
            guard (1...limit).contains(count) else {
                throw .invalid("\(count) permits of \(limit) cannot be taken; ask for 1 to \(limit).")
            }
            try engine.demand(.permits, "semaphores")
        }
    }

    private func validateTerms(_ engine: Capabilities) throws(LockError) {
        for (value, what) in [(terms.lockDelay, "lock-delay"), (terms.minimumHold, "minimum hold")] {
            guard value >= .zero else { throw .invalid("A \(what) of \(value) is negative; use zero or more.") }
            guard value <= HoldTerms.longestDelay else {
                throw .invalid(
                    "A \(what) of \(value) would keep the lock closed for too long; use at most \(HoldTerms.longestDelay)."
                )
            }
        }
        if let bound = terms.progressWithin, bound <= .zero {
            throw .invalid("Progress within \(bound) cannot be reported; use more than zero, or leave it out.")
        }
        if let cap = terms.maximumHold, cap <= .zero {
            throw .invalid("A cap of \(cap) on the total hold is not positive; leave it out for none.")
        }
        if let cap = terms.maximumHold, terms.minimumHold > cap {
            throw .invalid("The minimum hold of \(terms.minimumHold) is longer than the cap on the total hold, \(cap).")
        }
        if terms.lockDelay > .zero { try engine.demand(.lockDelay, "a lock-delay") }
        if terms.minimumHold > .zero { try engine.demand(.minimumHold, "a minimum hold") }
        if terms.maximumHold != nil { try engine.demand(.maximumHold, "a cap on the total hold") }
    }

    private func validateGuarantee(_ engine: Capabilities) throws(LockError) {
        guard let require, !engine.guarantee.satisfies(require) else { return }
        throw LockError(
            .guaranteeTooWeak,
            "The engine \(engine.engine) gives \(engine.guarantee), which is less than the \(require) asked for; use a stronger engine or ask for less.",
            effect: .didNotHappen)
    }
}

extension LockError {
    static func invalid(_ message: String) -> LockError {
        LockError(.invalidOption, message, effect: .didNotHappen)
    }
}
