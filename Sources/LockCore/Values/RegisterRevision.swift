/// Which change of a register is the latest: what a store can insist on having seen.
///
/// Rises with every value stored under the name; means nothing to anyone but the engine that gave it out.
public struct RegisterRevision: Sendable, Hashable, Comparable {
    /// The revision as a number.
    public let rawValue: UInt64

    /// Wraps a number that an engine gave out as a revision.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The revision of a register that holds no value.
    public static let vacant = RegisterRevision(rawValue: 0)

    /// Numeric order: the higher one is the later value.
    public static func < (left: RegisterRevision, right: RegisterRevision) -> Bool { left.rawValue < right.rawValue }
}

extension RegisterRevision: CustomStringConvertible {
    /// The number in decimal digits.
    public var description: String { String(rawValue) }
}
