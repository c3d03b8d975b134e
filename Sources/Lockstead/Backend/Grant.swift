public import LockCore

/// A lock that an engine granted, as the client carries it.
public struct Grant: Sendable, Hashable {
    /// The request it answers; with the token it identifies the grant.
    public var request: RequestID
    /// Who holds it.
    public var owner: OwnerID
    /// The names it covers.
    public var names: [LockName]
    /// How it excludes others.
    public var mode: LockMode
    /// The fencing token, higher than that of every earlier grant of these names.
    public var token: FencingToken
    /// The lease it was asked with.
    public var lease: Duration
    /// Until when it may be believed.
    public var validity: Validity
    /// When the cap on the total hold ends it, where one was asked for.
    public var holdLimit: ContinuousTime?
    /// What it promises.
    public var guarantee: Guarantee
    /// Where the engine's own store has it, name by name; empty where that is no use to anybody.
    public var keys: [String] = []

    /// Until when a grant may be believed without a word from the engine.
    public enum Validity: Sendable, Hashable {
        /// As long as the process lives: the engine cannot lose it.
        case unlimited
        /// The engine keeps it for `duration` counted from no earlier than `armedAt`, the first transmission of the request.
        case armed(at: ContinuousTime, for: Duration)
        /// Nothing yet: a renewal must confirm it first (RULES 2).
        case unconfirmed
    }

    /// Puts a grant together.
    public init(
        request: RequestID, owner: OwnerID, names: [LockName], mode: LockMode, token: FencingToken, lease: Duration,
        validity: Validity, holdLimit: ContinuousTime? = nil, guarantee: Guarantee
    ) {
        (self.request, self.owner, self.names, self.mode, self.token) = (request, owner, names, mode, token)
        (self.lease, self.validity, self.holdLimit, self.guarantee) = (lease, validity, holdLimit, guarantee)
    }
}

/// How an acquire ended.
public enum AcquireOutcome: Sendable, Hashable {
    /// The lock is ours.
    case granted(Grant)
    /// Someone else has it, and the wait is over. The holder is named where the engine knows it.
    case busy(LockDescription?)
}

/// How the renewal of one grant ended.
public enum RenewalOutcome: Sendable {
    /// It still is ours; the validity counts from this renewal's transmission.
    case renewed(Grant.Validity)
    /// It is gone for good.
    case lost(LossReason)
    /// No answer: it may or may not have been renewed. Try again until it runs out.
    case unknown(LockError)
}

/// How a release ended.
public enum ReleaseOutcome: Sendable, Hashable {
    /// The grant was ours and is given back.
    case released
    /// The grant had ended before.
    case lost(LossReason)
}

/// What an engine says about grants without being asked.
public enum BackendNotice: Sendable {
    /// These grants (all, where `nil`) are in doubt until a renewal confirms them.
    case suspect([RequestID]?, String)
    /// What was said of these grants (all, where `nil`) may have gone unheard: a renewal is due at once. They stay as believed as before.
    case unheard([RequestID]?)
    /// This grant has ended or was revoked; the holder must stop and then release, which acknowledges.
    case lost(RequestID, LossReason)
}
