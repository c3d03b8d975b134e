/// A number that rises with every grant of a lock, for ever.
///
/// A resource that remembers the highest token it has seen can refuse the writes of a holder that lost the lock
/// without noticing.
///
/// Tokens stay below 2^53, so that they survive JSON readers that only know doubles; our own JSON carries them as text.
public struct FencingToken: Sendable, Hashable, Comparable {
    /// The token as a number.
    public let rawValue: UInt64

    /// Wraps a number that an engine or a store gave out as a token.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The end of the number line: no engine grants beyond it.
    public static let maximum = FencingToken(rawValue: (1 << 53) - 1)

    /// The token after this one, or `nil` at the ``maximum``.
    package var next: FencingToken? { self < Self.maximum ? FencingToken(rawValue: rawValue + 1) : nil }

    /// Numeric order: the higher token is the later grant.
    public static func < (left: FencingToken, right: FencingToken) -> Bool { left.rawValue < right.rawValue }
}

extension FencingToken: CustomStringConvertible, LosslessStringConvertible {
    /// The number in decimal digits.
    public var description: String { String(rawValue) }

    /// Reads what ``description`` writes; `nil` for anything else.
    ///
    /// One token has one text: no sign, no leading zero, no space, ASCII digits only, and at most ``maximum``.
    public init?(_ description: String) {
        guard let value = UInt64(description), value <= Self.maximum.rawValue, String(value) == description else {
            return nil
        }
        self.init(rawValue: value)
    }
}
