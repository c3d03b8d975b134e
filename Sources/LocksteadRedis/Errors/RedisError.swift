public import Lockstead
import RESP

/// Why a call to a Redis or Valkey server failed, what to do, and whether the server may have carried it out all the same.
public struct RedisError: Error, Sendable {
    /// What kind of failure it is.
    ///
    /// More kinds may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String {
            case unreachable, tlsMismatch, tlsFailed, authenticationFailed, connectionLost, protocolViolation,
                replyTooLarge
            case deadlineExceeded, cancelled, shutDown, tooManyCommands, unexpectedReply
            case permissionDenied, readOnly, outOfMemory, loading, busy, notPersisting, tooFewReplicas, noScript
            case moved, ask, tryAgain, clusterDown, crossSlot, masterDown, wrongType, refused
            case noPrimary, unconfirmed
        }

        private let kind: Kind
        private init(_ kind: Kind) { self.kind = kind }

        /// No connection could be made: nobody listens there, the name is unknown, or it took too long.
        public static let unreachable = Code(.unreachable)
        /// One side speaks TLS and the other does not.
        public static let tlsMismatch = Code(.tlsMismatch)
        /// The TLS handshake failed: a certificate that is not trusted, names another server, or is missing on our side.
        public static let tlsFailed = Code(.tlsFailed)
        /// User or password are wrong, or are needed and missing.
        public static let authenticationFailed = Code(.authenticationFailed)
        /// The connection ended before the answer came.
        public static let connectionLost = Code(.connectionLost)
        /// What came is no RESP, or no answer to what was asked; the connection was closed.
        public static let protocolViolation = Code(.protocolViolation)
        /// An answer beyond the limits; the connection was closed.
        public static let replyTooLarge = Code(.replyTooLarge)
        /// The deadline passed before the answer came.
        public static let deadlineExceeded = Code(.deadlineExceeded)
        /// The calling task was cancelled.
        public static let cancelled = Code(.cancelled)
        /// The client was shut down.
        public static let shutDown = Code(.shutDown)
        /// More commands wait for their answers than the limit allows.
        public static let tooManyCommands = Code(.tooManyCommands)
        /// The answer is not of the kind the command gives.
        public static let unexpectedReply = Code(.unexpectedReply)
        /// The ACL user may not do this (`NOPERM`).
        public static let permissionDenied = Code(.permissionDenied)
        /// The server is a replica, or was made read-only (`READONLY`).
        public static let readOnly = Code(.readOnly)
        /// The server's memory limit is reached (`OOM`).
        public static let outOfMemory = Code(.outOfMemory)
        /// The server still reads its data after a start (`LOADING`).
        public static let loading = Code(.loading)
        /// A script has run for so long that the server refuses everything else (`BUSY`).
        public static let busy = Code(.busy)
        /// The server takes no writes, since it cannot save them (`MISCONF`).
        public static let notPersisting = Code(.notPersisting)
        /// Fewer replicas are connected than the server asks for (`NOREPLICAS`).
        public static let tooFewReplicas = Code(.tooFewReplicas)
        /// The server does not have the script (any more) (`NOSCRIPT`).
        public static let noScript = Code(.noScript)
        /// The key lives on another node (`MOVED`).
        public static let moved = Code(.moved)
        /// The key is moving to another node (`ASK`).
        public static let ask = Code(.ask)
        /// The keys are being moved and not all on one node now (`TRYAGAIN`).
        public static let tryAgain = Code(.tryAgain)
        /// The cluster does not serve this slot (`CLUSTERDOWN`).
        public static let clusterDown = Code(.clusterDown)
        /// The keys belong to different slots (`CROSSSLOT`).
        public static let crossSlot = Code(.crossSlot)
        /// The replica has lost its primary and does not answer reads (`MASTERDOWN`).
        public static let masterDown = Code(.masterDown)
        /// The key holds another kind of value (`WRONGTYPE`).
        public static let wrongType = Code(.wrongType)
        /// No majority of the sentinels names a primary, or the one they name does not serve.
        public static let noPrimary = Code(.noPrimary)
        /// The server may not be the one that everybody else uses: what it says does not count.
        public static let unconfirmed = Code(.unconfirmed)
        /// Any other error that the server answered; its own words are in ``RedisError/serverText``.
        public static let refused = Code(.refused)

        /// The code's name, such as `readOnly`.
        public var description: String { kind.rawValue }
    }

    /// What kind of failure it is.
    public var code: Code
    /// What went wrong and what to do.
    public var message: String
    /// Whether the server may have carried the command out.
    public var effect: LockError.Effect
    /// What the server answered, word for word; `nil` where it did not answer.
    public var serverText: String?
    /// The error beneath, if there is one.
    public var cause: (any Error)?

    /// Makes an error.
    package init(
        _ code: Code, _ message: String, effect: LockError.Effect, serverText: String? = nil, cause: (any Error)? = nil
    ) {
        (self.code, self.message, self.effect) = (code, message, effect)
        (self.serverText, self.cause) = (serverText, cause)
    }
}

extension RedisError: CustomStringConvertible {
    /// The message with its code, and the cause where there is one.
    public var description: String {
        let base = "\(message) [\(code), \(effect)]"
        return cause.map { "\(base) Cause: \($0)" } ?? base
    }
}
