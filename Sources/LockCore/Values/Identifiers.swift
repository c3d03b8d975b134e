/// 128 bits that tell one thing from all others of its kind.
public protocol LockIdentifier: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The upper 64 bits.
    var high: UInt64 { get }
    /// The lower 64 bits.
    var low: UInt64 { get }
    /// Puts an identifier together from its halves.
    init(high: UInt64, low: UInt64)
}

extension LockIdentifier {
    /// Draws a fresh identifier.
    public static func random(using generator: inout some RandomNumberGenerator) -> Self {
        Self(high: generator.next(), low: generator.next())
    }

    /// Numeric order, so that lists and digests come out the same everywhere.
    public static func < (left: Self, right: Self) -> Bool { (left.high, left.low) < (right.high, right.low) }

    /// 32 hexadecimal digits.
    public var description: String {
        String(unsafeUninitializedCapacity: 32) { digits in
            for place in 0..<16 {
                let shift = UInt64(60 - 4 * place)
                digits.initializeElement(at: place, to: Self.digit(high >> shift & 0xF))
                digits.initializeElement(at: 16 + place, to: Self.digit(low >> shift & 0xF))
            }
            return 32
        }
    }

    private static func digit(_ value: UInt64) -> UInt8 {
        UInt8(value) + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
    }

    /// Reads what ``description`` writes: 32 hexadecimal digits in lower case; `nil` for any other text.
    public init?(hexadecimal text: some StringProtocol) {
        guard text.utf8.count == 32, text.utf8.allSatisfy(Self.isDigit),
            let high = UInt64(text.prefix(16), radix: 16), let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

/// Who asks: made by the outermost `withLock` of a task and reused by the calls nested in its body.
public struct OwnerID: LockIdentifier {
    /// The upper 64 bits.
    public let high: UInt64
    /// The lower 64 bits.
    public let low: UInt64
    /// Puts an owner's id together from its halves.
    public init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }
}

/// The renewed thing: what an engine expires when its client falls silent.
///
/// Chosen by the client at random.
public struct SessionID: LockIdentifier {
    /// The upper 64 bits.
    public let high: UInt64
    /// The lower 64 bits.
    public let low: UInt64
    /// Puts a session's id together from its halves.
    public init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }
}

/// One request, through all its retries: what makes an acquire, a release or a cancellation apply once.
public struct RequestID: LockIdentifier {
    /// The upper 64 bits.
    public let high: UInt64
    /// The lower 64 bits.
    public let low: UInt64
    /// Puts a request's id together from its halves.
    public init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }
}
