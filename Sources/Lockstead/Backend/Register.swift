public import LockCore

/// The small value beside a lock, as an engine told it.
///
/// A lock cannot remember; its register can. Both share the name and its sequence of tokens.
public struct Register: Sendable, Hashable {
    /// The value; `nil` where there is none, or none any more.
    public var value: [UInt8]?
    /// The newest token that the register has seen; `nil` where the engine remembers none.
    public var token: FencingToken?
    /// The token that the value was stored under.
    public var writer: FencingToken?
    /// Tells this value from all earlier and later ones of the name.
    public var revision: RegisterRevision
    /// How long the value is still kept; `nil`: until it is removed.
    public var remaining: Duration?

    /// Puts a register together; one without a value where nothing is given.
    public init(
        value: [UInt8]? = nil, token: FencingToken? = nil, writer: FencingToken? = nil,
        revision: RegisterRevision = .vacant, remaining: Duration? = nil
    ) {
        (self.value, self.token, self.writer) = (value, token, writer)
        (self.revision, self.remaining) = (revision, remaining)
    }

    /// The most bytes a value may have.
    public static let maximumByteCount = Limits.registerBytes
}

/// One change of a register, as it goes to an engine.
public struct RegisterWrite: Sendable, Hashable {
    /// What a write leaves in the register.
    public enum Content: Sendable, Hashable {
        /// A value of at most ``Register/maximumByteCount`` bytes.
        ///
        /// It ends after `keptFor` by the engine's time; `nil` keeps it.
        case value([UInt8], keptFor: Duration? = nil)
        /// No value.
        ///
        /// The newest token stays known: a removal opens the register to no older one.
        case nothing
        /// What is there; only the token is noted, so that older ones are refused from here on (RULES 8).
        case unchanged
    }

    /// Which register.
    public var name: LockName
    /// The token of a grant of the name, live or not.
    public var token: FencingToken
    /// What it leaves.
    public var content: Content
    /// The revision the write rests on: with any other it changes nothing.
    ///
    /// `nil`, the default, takes whichever.
    public var after: RegisterRevision?

    /// Puts a write together.
    public init(_ content: Content, in name: LockName, under token: FencingToken, after: RegisterRevision? = nil) {
        (self.content, self.name, self.token, self.after) = (content, name, token, after)
    }
}

/// How a write to a register ended.
public enum RegisterOutcome: Sendable, Hashable {
    /// The register is as the write would have it; this is what it holds now.
    case stored(Register)
    /// The register has seen a newer token: whoever wrote has lost the lock. Nothing changed.
    case stale(newest: FencingToken)
    /// The write rests on another revision than there is. Nothing changed.
    case changed(Register)
}
