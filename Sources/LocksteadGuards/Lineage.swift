/// Which store of locks a token comes from.
///
/// Tokens of one lineage rise; tokens of two do not compare (RULES 7).
///
/// Choose one word for each store, such as `etcd-berlin`, and keep it while the store lives.
public struct Lineage: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The word.
    public let name: String

    /// Wraps a word.
    public init(_ name: String) { self.name = name }

    /// Wraps a word.
    public init(stringLiteral value: String) { name = value }

    /// The lineage of programs that have only one store of locks.
    public static let standard: Lineage = "standard"

    /// The word.
    public var description: String { name }
}
