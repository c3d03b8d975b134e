public import Lockstead

/// Why a guarded resource did not do what it was asked.
public struct GuardError: Error, Sendable {
    /// What kind of failure it is.
    ///
    /// More kinds may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String {
            case stale, foreignLineage, busy, corrupt, storage
        }

        private let kind: Kind
        private init(_ kind: Kind) { self.kind = kind }

        /// The token is lower than one the resource has seen: the lock went to another holder since.
        ///
        /// Stop.
        public static let stale = Code(.stale)
        /// The token comes from another store of locks than the resource knows, and numbers of two stores do not compare.
        public static let foreignLineage = Code(.foreignLineage)
        /// Another process keeps the resource for longer than we wait.
        public static let busy = Code(.busy)
        /// What the resource remembers of tokens cannot be read.
        public static let corrupt = Code(.corrupt)
        /// The file system refused.
        public static let storage = Code(.storage)

        /// The code's name, such as `stale`.
        public var description: String { kind.rawValue }
    }

    /// What kind of failure it is.
    public var code: Code
    /// What went wrong and what to do.
    public var message: String
    /// Whether the operation may have taken effect.
    public var effect: LockError.Effect
    /// For ``Code/stale``: the highest token the resource has seen.
    public var seen: FencingToken?
    /// The error beneath, if there is one.
    public var cause: (any Error)?

    /// Makes an error.
    public init(
        _ code: Code, _ message: String, effect: LockError.Effect = .didNotHappen, seen: FencingToken? = nil,
        cause: (any Error)? = nil
    ) {
        (self.code, self.message, self.effect, self.seen, self.cause) = (code, message, effect, seen, cause)
    }

    static func stale(_ token: FencingToken, seen: FencingToken) -> GuardError {
        GuardError(
            .stale,
            "Token \(token) is stale: the resource has seen \(seen). The lock went to another holder; stop and acquire it again.",
            seen: seen)
    }

    static func foreign(_ lineage: Lineage, known: Lineage) -> GuardError {
        GuardError(
            .foreignLineage,
            "The token is of the lineage \"\(lineage)\", the resource knows \"\(known)\". "
                + "If the locks moved to another store for good, register the new lineage as successor.")
    }

    static func storage(_ error: SystemError, effect: LockError.Effect = .didNotHappen) -> GuardError {
        GuardError(.storage, error.lockError().message, effect: effect, cause: error)
    }
}

extension GuardError: CustomStringConvertible {
    /// The message with its code.
    public var description: String { "\(message) [\(code), \(effect)]" }
}
