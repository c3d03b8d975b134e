public import Lockstead

/// A failure of the cluster, or on the way to it.
public struct EtcdError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    ///
    /// More kinds may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String {
            case unreachable, untrusted, connectionLost, deadlineExceeded, cancelled, shutDown
            case noLeader, authenticationFailed, tokenRefused, permissionDenied, compacted, noSuchLease, leaseExists
            case full, overloaded, tooLarge, refused, protocolViolation
        }

        private let kind: Kind
        private init(_ kind: Kind) { self.kind = kind }

        /// Nobody answers at the address.
        public static let unreachable = Code(.unreachable)
        /// The two sides do not trust or understand each other: a certificate, or TLS on one side alone.
        public static let untrusted = Code(.untrusted)
        /// The connection ended before the answer came.
        public static let connectionLost = Code(.connectionLost)
        /// The answer did not come in time.
        public static let deadlineExceeded = Code(.deadlineExceeded)
        /// The task was cancelled.
        public static let cancelled = Code(.cancelled)
        /// The engine was shut down.
        public static let shutDown = Code(.shutDown)
        /// The member sees no leader: no majority, or an election under way.
        public static let noLeader = Code(.noLeader)
        /// The user or the password is wrong, or the cluster wants one.
        public static let authenticationFailed = Code(.authenticationFailed)
        /// The token that stands for the user is not taken any more.
        public static let tokenRefused = Code(.tokenRefused)
        /// The user may not do this.
        public static let permissionDenied = Code(.permissionDenied)
        /// The revision asked for is no longer kept.
        public static let compacted = Code(.compacted)
        /// There is no such lease, or no longer.
        public static let noSuchLease = Code(.noSuchLease)
        /// There is a lease with this id already.
        public static let leaseExists = Code(.leaseExists)
        /// The cluster's space quota is used up.
        public static let full = Code(.full)
        /// The cluster has more to do than it can.
        public static let overloaded = Code(.overloaded)
        /// The answer is larger than any that locks give rise to.
        public static let tooLarge = Code(.tooLarge)
        /// The cluster does not take the request.
        public static let refused = Code(.refused)
        /// The answer cannot be read.
        public static let protocolViolation = Code(.protocolViolation)

        /// The code's name, such as `noLeader`.
        public var description: String { kind.rawValue }
    }

    /// What kind of failure it is.
    public var code: Code
    /// What went wrong and what to do.
    public var message: String
    /// Whether the call may have been carried out.
    public var effect: LockError.Effect
    /// What the member said, where it did.
    public var serverText: String?

    init(_ code: Code, _ message: String, effect: LockError.Effect, serverText: String? = nil) {
        (self.code, self.message, self.effect, self.serverText) = (code, message, effect, serverText)
    }

    /// The message with its code.
    public var description: String { "\(message) [\(code), \(effect)]" }
}

extension EtcdError: EngineFaultReporting {
    package var engineFault: EngineFault? {
        switch code {
        case .unreachable: .unreachable
        case .untrusted: .misconfigured
        case .full: .full
        default: nil
        }
    }
}

extension EtcdError {
    /// Whether the same call may succeed a little later.
    var maySubside: Bool {
        switch code {
        case .unreachable, .connectionLost, .deadlineExceeded, .noLeader, .overloaded, .tokenRefused: true
        default: false
        }
    }

    /// Whether of two members' failures this one says more about the cluster: one that lives and lacks a leader more than one that is
    /// down, and what no other member would do better more than either.
    func tellsMore(than other: EtcdError) -> Bool { weight > other.weight }

    private var weight: Int {
        switch code {
        case .unreachable: 0
        case .untrusted: 1
        case .connectionLost: 2
        case .deadlineExceeded: 3
        case .noLeader: 4
        default: 5
        }
    }

    /// Whether another member may do better.
    var suggestsAnotherMember: Bool {
        switch code {
        case .unreachable, .untrusted, .connectionLost, .deadlineExceeded, .noLeader: true
        default: false
        }
    }
}
