/// What goes into a `LockTable`: one value per act, all of whose inputs are in the value.
package enum Command: Sendable, Hashable {
    case openSession(OpenSession)
    case closeSession(SessionID)
    /// Renewed and logged: raises the generation, so that an expiry decided before it does nothing (S4).
    case renew(SessionID, Dedup? = nil)
    /// Does nothing unless `generation` is still the session's.
    case expire(SessionID, generation: UInt64)
    case acquire(Acquire)
    /// Withdraws a waiting request, or releases its grant where one crossed the withdrawal.
    case cancel(SessionID, RequestID)
    case release(Release)
    case downgrade(Release)
    case handOver(HandOver)
    /// Whether `token` is the name's live grant.
    case validate(LockName, FencingToken)
    case forceRelease(ForceRelease)
    /// Changes the register of a name, or has it note a token.
    case store(Store)
    /// Fires what is due and nothing else.
    case advance
    case configure(Configure)

    package struct OpenSession: Sendable, Hashable {
        package var session: SessionID
        /// Whom the session is bound to; opening it again under another identity is refused.
        package var identity: String
        package var timeToLive: TimeSpan
        package init(session: SessionID, identity: String = "", timeToLive: TimeSpan) {
            (self.session, self.identity, self.timeToLive) = (session, identity, timeToLive)
        }
    }

    package struct Acquire: Sendable, Hashable {
        package var session: SessionID
        package var request: RequestID
        package var owner: OwnerID
        /// 1 to 32 distinct names; the table sorts them.
        package var names: [LockName]
        package var mode: LockMode
        /// When the wait ends: `nil` does not wait at all, `.distantFuture` waits for ever.
        package var waitUntil: LogTime?
        package var fairness: Fairness
        package var priority: Int8
        /// What to do where the owner has a live grant of the name already.
        package var ifOwned: IfOwned
        package var lockDelay: TimeSpan
        package var minimumHold: TimeSpan
        package var maximumHold: TimeSpan?
        package var note: HolderNote
        package var dedup: Dedup?

        package init(
            session: SessionID, request: RequestID, owner: OwnerID, names: [LockName], mode: LockMode = .exclusive,
            waitUntil: LogTime? = nil, fairness: Fairness = .fair, priority: Int8 = 0, ifOwned: IfOwned = .wait,
            lockDelay: TimeSpan = .zero, minimumHold: TimeSpan = .zero, maximumHold: TimeSpan? = nil,
            note: HolderNote = HolderNote(), dedup: Dedup? = nil
        ) {
            (self.session, self.request, self.owner, self.names) = (session, request, owner, names)
            (self.mode, self.waitUntil, self.fairness, self.priority) = (mode, waitUntil, fairness, priority)
            (self.ifOwned, self.lockDelay, self.minimumHold) = (ifOwned, lockDelay, minimumHold)
            (self.maximumHold, self.note, self.dedup) = (maximumHold, note, dedup)
        }
    }

    /// What an owner's request does about a live grant of the same owner.
    ///
    /// The caller has checked RULES 13.
    package enum IfOwned: UInt8, Sendable, Hashable {
        /// Wait as behind anyone's: the holder is a sibling task, which will end by itself.
        case wait
        /// Enter again: count it up, under the same token.
        case enter
        /// Refuse.
        case refuse
    }

    /// Names a grant: the session it belongs to, its names and its token.
    package struct Release: Sendable, Hashable {
        package var session: SessionID
        package var names: [LockName]
        package var token: FencingToken
        package var dedup: Dedup?
        package init(session: SessionID, names: [LockName], token: FencingToken, dedup: Dedup? = nil) {
            (self.session, self.names, self.token, self.dedup) = (session, names, token, dedup)
        }
    }

    /// Ends one exclusive grant and makes another in one step, unless a fair waiter is queued.
    package struct HandOver: Sendable, Hashable {
        package var session: SessionID
        package var name: LockName
        package var token: FencingToken
        /// The new grant: same session, same single name, exclusive; its waiting terms do not count.
        package var to: Acquire
        package init(session: SessionID, name: LockName, token: FencingToken, to: Acquire) {
            (self.session, self.name, self.token, self.to) = (session, name, token, to)
        }
    }

    package struct ForceRelease: Sendable, Hashable {
        package var name: LockName
        package var reason: String
        /// Free at once, without the holder's acknowledgement (RULES 19).
        package var now: Bool
        package init(name: LockName, reason: String, now: Bool = false) {
            (self.name, self.reason, self.now) = (name, reason, now)
        }
    }

    package enum Configure: Sendable, Hashable {
        /// RULES 7: after a restore or an in-memory start the next token is at least this.
        case raiseToken(atLeast: FencingToken)
        /// RULES 11: drop all sessions and grant nothing until then.
        case recover(until: LogTime)
        /// RULES 5.
        case longestLease(TimeSpan)
        /// RULES 24.
        case raiseFeatureLevel(UInt32)
    }
}

/// What makes a retried command apply once: its number within the session, and up to where the client has its answers.
package struct Dedup: Sendable, Hashable {
    package var sequence: UInt64
    package var doneThrough: UInt64
    package init(sequence: UInt64, doneThrough: UInt64) { (self.sequence, self.doneThrough) = (sequence, doneThrough) }
}
