/// Why a lock operation failed, what to do, and whether it may have taken effect all the same.
///
/// A lock that someone else holds is no error for a `try…` call, which returns `nil`.
public struct LockError: Error, Sendable {
    /// What kind of failure it is.
    ///
    /// More kinds may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String {
            case invalidName, invalidOption, cancelled, timedOut, wouldDeadlock, reentryRefused, upgradeRefused,
                leaseLost, notHeld, resigned, memberExists
            case engineUnavailable, indeterminate, unsupported, guaranteeTooWeak, kindMismatch, limitExceeded,
                recovering
            case notRunning, shutDown, corruptState, permissionDenied, unsuitableStorage, unknownEngine
        }

        private let kind: Kind
        private init(_ kind: Kind) { self.kind = kind }

        /// The name breaks the rules for names.
        public static let invalidName = Code(.invalidName)
        /// An option is out of range or contradicts another.
        public static let invalidOption = Code(.invalidOption)
        /// The waiting task was cancelled.
        ///
        /// `LockClient` turns it into `CancellationError`.
        public static let cancelled = Code(.cancelled)
        /// The lock did not become free before the deadline.
        public static let timedOut = Code(.timedOut)
        /// Waiting would close a circle of waiters; the message names it.
        public static let wouldDeadlock = Code(.wouldDeadlock)
        /// The owner already holds the name and asked not to re-enter.
        public static let reentryRefused = Code(.reentryRefused)
        /// A shared holder asked for the exclusive lock: release first, or downgrade instead.
        public static let upgradeRefused = Code(.upgradeRefused)
        /// The lease ended before the body did, or before the operation.
        public static let leaseLost = Code(.leaseLost)
        /// The handle does not hold the lock (any more).
        public static let notHeld = Code(.notHeld)
        /// A leader stepped down while its body ran, which was stopped.
        public static let resigned = Code(.resigned)
        /// A group has a member of this id already.
        public static let memberExists = Code(.memberExists)
        /// The engine cannot be reached or refuses work.
        public static let engineUnavailable = Code(.engineUnavailable)
        /// The answer was lost: the operation may have happened.
        public static let indeterminate = Code(.indeterminate)
        /// The engine cannot carry this kind of lock or option.
        public static let unsupported = Code(.unsupported)
        /// The engine's guarantee is weaker than `require:` asks for.
        public static let guaranteeTooWeak = Code(.guaranteeTooWeak)
        /// The name is in use as another kind of lock, or as a semaphore of another size.
        public static let kindMismatch = Code(.kindMismatch)
        /// A limit (waiters, sessions, names, permits) is reached.
        public static let limitExceeded = Code(.limitExceeded)
        /// The engine started without its complete history and grants nothing for a while.
        public static let recovering = Code(.recovering)
        /// The client is not running: run it as a service or use `LockClient.with`.
        public static let notRunning = Code(.notRunning)
        /// The client was shut down.
        public static let shutDown = Code(.shutDown)
        /// Stored lock state cannot be read; `lockstead repair` mends it.
        public static let corruptState = Code(.corruptState)
        /// The operating system or the engine denies access.
        public static let permissionDenied = Code(.permissionDenied)
        /// The storage cannot carry locks (a network file system, a read-only folder).
        public static let unsuitableStorage = Code(.unsuitableStorage)
        /// The URL names no engine of this build.
        public static let unknownEngine = Code(.unknownEngine)

        /// The code's name, such as `timedOut`.
        public var description: String { kind.rawValue }
    }

    /// Whether the failed operation may have taken effect.
    public enum Effect: String, Sendable, Hashable {
        /// It certainly did not.
        case didNotHappen
        /// It may have: the answer is missing.
        case mayHaveHappened
        /// It did: the lock was taken, or the body ran, before the failure.
        case happened
    }

    /// What kind of failure it is.
    public var code: Code
    /// What went wrong and what to do, in a sentence or two.
    public var message: String
    /// Whether the operation may have taken effect.
    public var effect: Effect
    /// For ``Code/leaseLost``: whether the body had run to its end.
    ///
    /// `nil` elsewhere.
    public var bodyFinished: Bool?
    /// The error beneath, if there is one.
    public var cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, effect: Effect, bodyFinished: Bool? = nil, cause: (any Error)? = nil) {
        (self.code, self.message, self.effect) = (code, message, effect)
        (self.bodyFinished, self.cause) = (bodyFinished, cause)
    }

    /// A lease that ended too early.
    public static func leaseLost(bodyFinished: Bool, _ message: String, cause: (any Error)? = nil) -> LockError {
        LockError(.leaseLost, message, effect: .happened, bodyFinished: bodyFinished, cause: cause)
    }
}

extension LockError: CustomStringConvertible {
    /// The message with its code, and the cause where there is one.
    public var description: String {
        let base = "\(message) [\(code), \(effect)]"
        return cause.map { "\(base) Cause: \($0)" } ?? base
    }
}
