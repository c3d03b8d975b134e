/// Gives texts numbers: the same text the same number.
///
/// Request ids are nearly always 32 hexadecimal digits, which are numbers already.
struct TextNumbers {
    private var others: [[UInt8]: UInt64] = [:]

    init() {}

    @inline(__always)
    mutating func key(of text: HistoryText) -> RequestKey {
        if text.count == 32, !text.hasEscapes, let high = Self.hexadecimal(text.start),
            let low = Self.hexadecimal(text.start + 16), high != .max
        {
            return RequestKey(high: high, low: low)
        }
        return number(text.bytes)
    }

    mutating func key(of text: String) -> RequestKey { number(Array(text.utf8)) }

    /// Beside all identifiers but those that begin with sixteen "f", which are numbered, too.
    private mutating func number(_ bytes: [UInt8]) -> RequestKey {
        if let known = others[bytes] { return RequestKey(high: .max, low: known) }
        let number = UInt64(others.count) + 1
        others[bytes] = number
        return RequestKey(high: .max, low: number)
    }

    private static func hexadecimal(_ digits: UnsafePointer<UInt8>) -> UInt64? {
        guard let upper = eight(digits), let lower = eight(digits + 8) else { return nil }
        return UInt64(upper) << 32 | UInt64(lower)
    }

    /// Eight lower-case digits at once: each byte becomes a nibble, and the nibbles are spelled again to see that they were
    /// spelled like that.
    @inline(__always)
    private static func eight(_ digits: UnsafePointer<UInt8>) -> UInt32? {
        let spelled = UInt64(bigEndian: UnsafeRawPointer(digits).loadUnaligned(as: UInt64.self))
        let (ones, nibbles): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x0F0F_0F0F_0F0F_0F0F)
        let letters = (spelled >> 6) & ones
        let values = ((spelled & nibbles) &+ letters &* 9) & nibbles
        let aboveNine = ((values &+ 6 &* ones) >> 4) & ones
        guard values &+ 0x30 &* ones &+ aboveNine &* 0x27 == spelled else { return nil }
        var packed = (values | values >> 4) & 0x00FF_00FF_00FF_00FF
        packed = (packed | packed >> 8) & 0x0000_FFFF_0000_FFFF
        return UInt32(truncatingIfNeeded: packed | packed >> 16)
    }
}
