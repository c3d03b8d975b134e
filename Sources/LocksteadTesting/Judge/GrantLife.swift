/// One grant of one key, and everything that the history says about its end.
struct GrantLife {
    /// The acquire, or the hand-over.
    var operation: Int32
    var token: UInt64
    var owner: Int32
    /// The first transmission of its request (RULES 2).
    var invoked: Int64
    var answered: Int64
    /// When it was known to stand in the queue.
    var queued: Int64

    /// The latest transmission of something that the engine confirmed on it: it lived then.
    var provenAlive: Int64
    var provenBy: Int32 = -1
    /// Before this its lease cannot have run out.
    var leaseEnd: Int64
    var leaseBy: Int32
    /// After this its lease must have run out.
    var latestLeaseEnd: Int64
    /// A release that was confirmed.
    var releasedBy: Int32 = -1
    /// The earliest moment of a release or withdrawal whose answer is not known.
    var givenBack = Int64.max
    /// The earliest moment at which it may have ended without any delay: handed over, forced out, or its process died.
    var cut = Int64.max
    /// From when on it may have been revoked.
    var revoked = Int64.max
    /// Whether it was revoked for sure before it was released.
    var isSurelyRevoked = false
    /// From when on it may have been shared.
    var downgraded = Int64.max
    /// The earliest point at which the engine can have made it, as far as the order of tokens says.
    var point = Int64.min
}

extension Int64 {
    func adding(_ span: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(span)
        return overflow ? .max : sum
    }
}

extension GrantLife {
    /// The earliest moment at which the key can have been free of it for everybody.
    func earliestEnd(_ terms: History.Terms, _ operations: [History.Operation], _ rules: JudgeRules) -> Int64 {
        let minimumHold = point.adding(rules.least(terms.minimumHold))
        if releasedBy >= 0 {
            let end = Swift.max(point, provenAlive, operations[Int(releasedBy)].invoked)
            var opened = isSurelyRevoked ? end.adding(rules.least(terms.lockDelay)) : end
            if terms.minimumHold > 0 { opened = Swift.max(opened, minimumHold) }
            // A forced release with `now` waives delays, too.
            return Swift.max(end, Swift.min(opened, cut))
        }
        let expiry = earliestExpiry(terms, rules).adding(rules.least(terms.lockDelay))
        let back = terms.minimumHold > 0 && givenBack < .max ? Swift.max(givenBack, minimumHold) : givenBack
        return Swift.max(point, provenAlive, Swift.min(expiry, back, cut))
    }

    /// The earliest moment at which it can have ended by itself.
    func earliestExpiry(_ terms: History.Terms, _ rules: JudgeRules) -> Int64 {
        Swift.min(leaseEnd, terms.maximumHold == .max ? .max : point.adding(rules.least(terms.maximumHold)))
    }

    /// The latest moment at which it must have been over; the end of time where that is not known.
    func latestEnd(_ terms: History.Terms, _ operations: [History.Operation], _ rules: JudgeRules) -> Int64 {
        if releasedBy >= 0 {
            let hold = answered.adding(rules.most(terms.minimumHold))
            let released = operations[Int(releasedBy)].answered
            let delay = revoked < .max ? rules.most(terms.lockDelay) : 0
            return Swift.max(released.adding(delay), terms.minimumHold > 0 ? hold : .min)
        }
        return latestLeaseEnd.adding(rules.most(terms.lockDelay))
    }
}
