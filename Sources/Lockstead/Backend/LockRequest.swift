public import LockCore

/// One request for one grant, as it goes to an engine.
public struct LockRequest: Sendable, Hashable {
    /// Makes all retries of this request one.
    public var id: RequestID
    /// Who asks.
    public var owner: OwnerID
    /// One to 32 names, sorted and distinct; more than one only where the engine takes them atomically.
    public var names: [LockName]
    /// How the grant excludes others.
    public var mode: LockMode
    /// The lease: how long the engine keeps the grant without a sign of life; 30 s unless given.
    public var lease: Duration
    /// How long to wait; for ever unless given.
    public var wait: Wait
    /// Whether it is served in arrival order (the default) or may pass barging waiters.
    public var fairness: Fairness
    /// Higher comes first, where the engine has priorities; 0, the default, is normal.
    ///
    /// Nobody is overtaken more than 16 times.
    public var priority: Int8
    /// Delays and caps of the grant.
    public var terms: HoldTerms
    /// What the holder says of itself.
    public var note: HolderNote

    /// How long a request waits for a lock that is not free.
    public enum Wait: Sendable, Hashable {
        /// Not at all.
        case never
        /// Until a reading of the continuous clock.
        case until(ContinuousTime)
        /// As long as it takes.
        case forever
    }

    /// Puts a request together.
    public init(
        id: RequestID, owner: OwnerID, names: [LockName], mode: LockMode = .exclusive, lease: Duration = .seconds(30),
        wait: Wait = .forever, fairness: Fairness = .fair, priority: Int8 = 0, terms: HoldTerms = HoldTerms(),
        note: HolderNote = HolderNote()
    ) {
        (self.id, self.owner, self.names, self.mode) = (id, owner, names, mode)
        (self.lease, self.wait, self.fairness, self.priority) = (lease, wait, fairness, priority)
        (self.terms, self.note) = (terms, note)
    }
}

/// Delays, caps and the renewal of one grant, each absent unless asked for.
public struct HoldTerms: Sendable, Hashable {
    /// After an expiry or a forced release the lock stays closed for so long, never after a clean release; zero by default, at most
    /// ``longestDelay``.
    public var lockDelay: Duration
    /// The lock stays closed until so long after the grant, however it ends before; zero by default, at most ``longestDelay``.
    ///
    /// Only an operator's forced release with `now` opens it sooner.
    public var minimumHold: Duration
    /// The grant ends so long after it was made, renewed or not; `nil`, the default, sets no cap.
    ///
    /// This is also the cap on renewals: none extends the grant beyond it, and there is no second option for that.
    public var maximumHold: Duration?

    /// The grant is renewed only while its holder reports progress at least so often (``Lease/reportProgress()``); `nil`, the default,
    /// renews it as long as it is held.
    ///
    /// A holder that falls silent is warned and stopped as if the engine were out of reach, at most this bound and one lease after its last
    /// report, and the grant is lost as `stalled`. The client keeps the bound; engines never see it. Where grants cannot run out
    /// (in-process) the holder is stopped all the same, and the lock is free once it has given it back.
    public var progressWithin: Duration?

    /// The longest lock-delay and minimum hold: 24 hours, so that no client can close a name for good.
    public static let longestDelay = Limits.longestDelay.duration

    /// Puts terms together; what is left out is not asked for.
    public init(
        lockDelay: Duration = .zero, minimumHold: Duration = .zero, maximumHold: Duration? = nil,
        progressWithin: Duration? = nil
    ) {
        (self.lockDelay, self.minimumHold, self.maximumHold) = (lockDelay, minimumHold, maximumHold)
        self.progressWithin = progressWithin
    }
}
