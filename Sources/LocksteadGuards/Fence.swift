public import Lockstead

/// What a guarded resource remembers, and how it judges a token: the pure half of every guard.
///
/// The rule (S6, S6b): a token lower than one seen is refused; a higher one is remembered, durably, *before* the resource answers, reads
/// included. Without the second half a holder could read, lose its lock, and overwrite what its successor wrote after reading the same.
public struct Fence: Sendable, Hashable {
    /// The store whose tokens count.
    public private(set) var lineage: Lineage
    /// The highest token seen; zero before the first.
    public private(set) var seen: FencingToken
    /// The store that may take over; its first token makes it the one that counts.
    public private(set) var successor: Lineage?

    /// A fence that has seen no token.
    public init(lineage: Lineage, seen: FencingToken = FencingToken(rawValue: 0), successor: Lineage? = nil) {
        (self.lineage, self.seen, self.successor) = (lineage, seen, successor)
    }

    /// Judges a token and remembers it.
    ///
    /// - Parameters:
    ///   - token: The token of whoever asks.
    ///   - lineage: The store it comes from.
    /// - Returns: Whether the fence changed, and must be durable before the resource answers.
    /// - Throws: `GuardError` with the code `stale` or `foreignLineage`.
    public mutating func admit(_ token: FencingToken, of lineage: Lineage) throws(GuardError) -> Bool {
        if lineage != self.lineage {
            guard lineage == successor else { throw .foreign(lineage, known: self.lineage) }
            (self.lineage, seen, successor) = (lineage, token, nil)
            return true
        }
        guard token >= seen else { throw .stale(token, seen: seen) }
        defer { seen = token }
        return token > seen
    }

    /// Lets another store take over with its first token; from then on the old one's tokens are refused.
    public mutating func register(successor: Lineage) {
        self.successor = successor == lineage ? nil : successor
    }
}

extension Fence {
    var encoded: [UInt8] {
        var writer = RecordWriter()
        writer.write(lineage.name)
        writer.write(seen.rawValue)
        writer.write(successor) { $0.write($1.name) }
        return writer.bytes
    }

    init(decoding bytes: [UInt8]) throws(RecordError) {
        var reader = RecordReader(bytes)
        let lineage = Lineage(try reader.readText())
        let seen = FencingToken(rawValue: try reader.read())
        let successor = try reader.readOptional { (reader) throws(RecordError) in Lineage(try reader.readText()) }
        try reader.finish()
        self.init(lineage: lineage, seen: seen, successor: successor)
    }
}
