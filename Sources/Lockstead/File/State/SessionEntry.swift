internal import LockCore

/// What a state file says of one session, that is of one request that holds or waits.
package struct SessionEntry: Sendable, Hashable {
    package var session: SessionID
    package var processID: Int32
    package var lease: TimeSpan
    /// As armed when the entry was written; later renewals are in the session's own file, its lifeline.
    package var validUntil: ContinuousTime
    /// Its lifeline's file was taken away: it cannot be renewed, and ends with one more full lease.
    package var isOrphaned = false
    /// Why an operator revoked its grant.
    package var revocation: String?

    package init(session: SessionID, processID: Int32, lease: TimeSpan, validUntil: ContinuousTime) {
        (self.session, self.processID, self.lease, self.validUntil) = (session, processID, lease, validUntil)
    }
}

/// What can be seen of a session's lifeline from outside.
package enum LifeSign: Sendable, Hashable {
    /// A living process keeps its lock; the file says until when it was renewed, unless it is unreadable.
    case kept(until: ContinuousTime?)
    /// Its lock can be taken: all that kept it are gone.
    case free
    /// There is no such file.
    case missing
    /// Something else is in its place: a copy, a folder, a file that was emptied.
    case replaced
}

extension SessionEntry {
    /// RULES 27: whether the session lives, and until when; notes what it learnt in the entry.
    ///
    /// A missing or replaced lifeline proves nothing: somebody removed the file, and its holder, which may have renewed up to this moment, may
    /// live. So it gets one more lease; it cannot renew meanwhile, and learns at its next try that it is lost.
    mutating func lives(_ sign: LifeSign, at now: ContinuousTime) -> Bool {
        switch sign {
        case .free: return false
        case .kept(let until): validUntil = max(validUntil, until ?? validUntil)
        case .missing where !isOrphaned, .replaced where !isOrphaned: (isOrphaned, validUntil) = (true, now + lease)
        case .missing, .replaced: break
        }
        return validUntil > now
    }
}
