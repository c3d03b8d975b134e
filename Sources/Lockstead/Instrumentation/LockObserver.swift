public import LockCore

/// Is told what happens to the locks of a client, on every engine.
///
/// Called on the task in which it happens, outside of all our locks: be quick, and hand long work to a task of your own.
public protocol LockObserver: Sendable {
    /// Something happened.
    func observe(_ observation: LockObservation)
}

/// One thing that happened to one request or grant of a client.
public struct LockObservation: Sendable {
    /// What happened.
    public enum Event: Sendable {
        /// A caller asks for the lock.
        case attempted
        /// The attempt is over, after so long a wait.
        case waited(Duration, AcquireResult)
        /// The lock was granted.
        case granted(FencingToken)
        /// The grant was renewed; without another renewal it ends then (`nil`: it cannot run out).
        case renewed(FencingToken, until: ContinuousTime?)
        /// A renewal got no answer; it is tried again until the lease ends.
        case renewalFailed(FencingToken, LockError)
        /// The grant is in doubt.
        case suspected(FencingToken, reason: String)
        /// The grant ended before its release.
        case lost(FencingToken, LossReason)
        /// The grant was given back after so long a hold.
        case released(FencingToken, held: Duration)
        /// The release failed; where it may have happened, it is repeated in the background.
        case releaseFailed(FencingToken, LockError)
        /// The handle was dropped without a release: the lease runs out by itself.
        case abandoned(FencingToken)
    }

    /// What happened.
    public var event: Event
    /// The names of the lock.
    public var names: [LockName]
    /// How it excludes others.
    public var mode: LockMode
    /// Who asks or holds.
    public var owner: OwnerID
    /// When, on the continuous clock.
    public var time: ContinuousTime

    /// Puts an observation together.
    public init(event: Event, names: [LockName], mode: LockMode, owner: OwnerID, time: ContinuousTime) {
        (self.event, self.names, self.mode) = (event, names, mode)
        (self.owner, self.time) = (owner, time)
    }
}

/// How an attempt to acquire ended, as metrics and observers tell it.
public enum AcquireResult: String, Sendable, Hashable, CaseIterable {
    /// The engine granted it.
    case granted
    /// The caller held it already and entered again; the engine was not asked.
    case reentered
    /// Someone else has it, and the caller did not want to wait.
    case busy
    /// Someone else had it until the deadline.
    case timedOut
    /// The caller was cancelled.
    case cancelled
    /// The request was refused: a rule, a limit or a capability stands against it.
    case refused
    /// The engine failed.
    case failed
}
