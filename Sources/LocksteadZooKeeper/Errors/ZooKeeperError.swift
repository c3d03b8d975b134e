internal import Jute
public import Lockstead

/// A failure of the ensemble, or on the way to it.
public struct ZooKeeperError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    ///
    /// More kinds may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String {
            case unreachable, untrusted, notServing, connectionLost, deadlineExceeded, cancelled, shutDown
            case sessionExpired, sessionRefused, authenticationFailed, permissionDenied
            case noNode, nodeExists, badVersion, notEmpty, overloaded, full, refused, protocolViolation
        }

        private let kind: Kind
        private init(_ kind: Kind) { self.kind = kind }

        /// Nobody answers at the address.
        public static let unreachable = Code(.unreachable)
        /// The two sides do not trust or understand each other: a certificate, or TLS on one side alone.
        public static let untrusted = Code(.untrusted)
        /// The server is there and serves nobody: it has no leader, or a majority is missing.
        public static let notServing = Code(.notServing)
        /// The connection ended before the answer came.
        public static let connectionLost = Code(.connectionLost)
        /// The answer did not come in time.
        public static let deadlineExceeded = Code(.deadlineExceeded)
        /// The task was cancelled.
        public static let cancelled = Code(.cancelled)
        /// The engine was shut down.
        public static let shutDown = Code(.shutDown)
        /// The session is over, and all its nodes with it.
        public static let sessionExpired = Code(.sessionExpired)
        /// The servers give no session with the timeout that was asked for.
        public static let sessionRefused = Code(.sessionRefused)
        /// The user or the password is not taken.
        public static let authenticationFailed = Code(.authenticationFailed)
        /// The user may not do this.
        public static let permissionDenied = Code(.permissionDenied)
        /// There is no such node.
        public static let noNode = Code(.noNode)
        /// The node is there already.
        public static let nodeExists = Code(.nodeExists)
        /// The node was written meanwhile.
        public static let badVersion = Code(.badVersion)
        /// The node has children.
        public static let notEmpty = Code(.notEmpty)
        /// The server has more to do than it can.
        public static let overloaded = Code(.overloaded)
        /// A quota is used up.
        public static let full = Code(.full)
        /// The server does not take the request.
        public static let refused = Code(.refused)
        /// The answer cannot be read.
        public static let protocolViolation = Code(.protocolViolation)

        /// The code's name, such as `sessionExpired`.
        public var description: String { kind.rawValue }
    }

    /// What kind of failure it is.
    public var code: Code
    /// What went wrong and what to do.
    public var message: String
    /// Whether the call may have been carried out.
    public var effect: LockError.Effect

    init(_ code: Code, _ message: String, effect: LockError.Effect) {
        (self.code, self.message, self.effect) = (code, message, effect)
    }

    /// The message with its code.
    public var description: String { "\(message) [\(code), \(effect)]" }
}

extension ZooKeeperError: EngineFaultReporting {
    package var engineFault: EngineFault? {
        switch code {
        case .unreachable: .unreachable
        case .untrusted: .misconfigured
        case .full: .full
        default: nil
        }
    }
}

extension ZooKeeperError {
    /// What a server says went wrong; it has done nothing then.
    init(_ code: ZKErrorCode, of path: String) {
        let place = path.isEmpty ? "" : " at \(path)"
        switch code {
        case .noNode: self.init(.noNode, "There is no node\(place).", effect: .didNotHappen)
        case .nodeExists: self.init(.nodeExists, "A node is there already\(place).", effect: .didNotHappen)
        case .badVersion: self.init(.badVersion, "The node\(place) was written meanwhile.", effect: .didNotHappen)
        case .notEmpty: self.init(.notEmpty, "The node\(place) has children.", effect: .didNotHappen)
        case .sessionExpired:
            self.init(.sessionExpired, "The session is over. Acquire again.", effect: .didNotHappen)
        case .sessionMoved:
            self.init(
                .connectionLost, "The session goes on at another server; this one does no more for it.",
                effect: .didNotHappen)
        case .authenticationFailed:
            self.init(
                .authenticationFailed, "The ensemble does not take the user. Give the right user and password.",
                effect: .didNotHappen)
        case .notPermitted:
            self.init(
                .permissionDenied,
                "The ensemble denies access\(place). Give a user who may read, create and delete there, or another chroot.",
                effect: .didNotHappen)
        case .badAccessList:
            self.init(
                .permissionDenied,
                "The ensemble does not take the access list\(place). With acl=creator give a user: zookeeper://user:password@host.",
                effect: .didNotHappen)
        case .quotaExceeded:
            self.init(.full, "The quota\(place) is used up. Raise it, or remove nodes.", effect: .didNotHappen)
        case .throttled:
            self.init(.overloaded, "The server has more to do than it can. Try again later.", effect: .didNotHappen)
        default:
            self.init(.refused, "The server does not take the request\(place): \(code).", effect: .didNotHappen)
        }
    }

    /// Whether the same call may succeed a little later.
    var maySubside: Bool {
        switch code {
        case .unreachable, .notServing, .connectionLost, .deadlineExceeded, .overloaded: true
        default: false
        }
    }

    func with(effect: LockError.Effect) -> ZooKeeperError {
        var error = self
        error.effect = effect
        return error
    }
}
