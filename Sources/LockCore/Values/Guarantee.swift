/// What a grant promises: exclusion, its scope, and fencing.
///
/// Each handle reports its own; `require:` refuses a weaker one.
public struct Guarantee: Sendable, Hashable {
    /// How strong mutual exclusion is.
    public enum Exclusion: Int, Sendable, Comparable, CaseIterable {
        /// Holds in normal operation; a failover, a restart or a stepped clock may break it.
        case advisory
        /// Holds while a majority of independent nodes keeps its memory and its clocks.
        case quorum
        /// Holds always on the engine's side; at the client until `validUntil`, given clocks that run at most 1 % fast or slow.
        case linearizable
        /// From weak to strong.
        public static func < (left: Exclusion, right: Exclusion) -> Bool { left.rawValue < right.rawValue }
    }

    /// Who is excluded.
    public enum Scope: Int, Sendable, Comparable, CaseIterable {
        /// Tasks of one process.
        case process
        /// Processes of one host.
        case host
        /// Hosts that share one engine.
        case cluster
        /// Several data centres.
        case sites
        /// From narrow to wide.
        public static func < (left: Scope, right: Scope) -> Bool { left.rawValue < right.rawValue }
    }

    /// What the tokens are worth.
    public enum Fencing: Int, Sendable, Comparable, CaseIterable {
        /// No token.
        case none
        /// Rises while the engine's data survives.
        case advisory
        /// Rises for ever: through release, expiry and restart.
        case monotonic
        /// From weak to strong.
        public static func < (left: Fencing, right: Fencing) -> Bool { left.rawValue < right.rawValue }
    }

    /// How strong mutual exclusion is.
    public var exclusion: Exclusion
    /// Who is excluded.
    public var scope: Scope
    /// What the tokens are worth.
    public var fencing: Fencing

    /// Puts a guarantee together.
    public init(exclusion: Exclusion, scope: Scope, fencing: Fencing) {
        (self.exclusion, self.scope, self.fencing) = (exclusion, scope, fencing)
    }

    /// Whether this guarantee gives at least what `requirement` asks for.
    public func satisfies(_ requirement: Requirement) -> Bool {
        (requirement.exclusion.map { exclusion >= $0 } ?? true) && (requirement.scope.map { scope >= $0 } ?? true)
            && (requirement.fencing.map { fencing >= $0 } ?? true)
    }

    /// The least a caller accepts; what is not named is not asked for.
    public struct Requirement: Sendable, Hashable {
        /// The weakest acceptable exclusion.
        public var exclusion: Exclusion?
        /// The narrowest acceptable scope.
        public var scope: Scope?
        /// The weakest acceptable fencing.
        public var fencing: Fencing?

        /// Puts a requirement together; what is left out is not asked for.
        public init(exclusion: Exclusion? = nil, scope: Scope? = nil, fencing: Fencing? = nil) {
            (self.exclusion, self.scope, self.fencing) = (exclusion, scope, fencing)
        }

        /// Linearizable exclusion, in whatever scope the engine has; nothing is asked of its tokens.
        public static let linearizable = Requirement(exclusion: .linearizable)
        /// Linearizable exclusion and tokens that rise for ever.
        public static let fenced = Requirement(exclusion: .linearizable, fencing: .monotonic)
        /// At least a quorum's exclusion.
        public static let quorum = Requirement(exclusion: .quorum)
    }
}

extension Guarantee: CustomStringConvertible {
    /// Such as `linearizable, host, fencing monotonic`.
    public var description: String { "\(exclusion), \(scope), fencing \(fencing)" }
}

extension Guarantee.Requirement: CustomStringConvertible {
    /// What is asked for, such as `linearizable, fencing monotonic`.
    public var description: String {
        let parts = [exclusion.map { "\($0)" }, scope.map { "\($0)" }, fencing.map { "fencing \($0)" }].compactMap(
            \.self)
        return parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
    }
}
