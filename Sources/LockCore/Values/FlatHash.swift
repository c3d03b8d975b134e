/// Hashing by folded multiplication, keyed for this process: who chooses names or ids cannot aim them at one place.
///
/// Only for lookups. What replicas compare goes through `RecordHash`, which is the same everywhere.
enum FlatHash {
    private static let keys: (UInt64, UInt64) = (draw(1), draw(2))

    /// The standard library's own seed of this process, which costs no call into the system.
    private static func draw(_ number: Int) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(number)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    static func of(_ one: UInt64, _ other: UInt64) -> UInt64 {
        let keys = keys
        return fold(one ^ keys.0, other ^ keys.1)
    }

    static func of(_ words: (UInt64, UInt64, UInt64, UInt64)) -> UInt64 {
        let keys = keys
        let (first, second) = (fold(words.0 ^ keys.0, words.1 ^ keys.1), fold(words.2 ^ keys.0, words.3 ^ keys.1))
        return fold(first ^ keys.0, second ^ keys.1)
    }

    static func of(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        let keys = keys
        var state = keys.0 ^ UInt64(bytes.count)
        var (word, filled) = (UInt64(0), UInt64(0))
        for byte in bytes {
            word |= UInt64(byte) << filled
            filled += 8
            if filled == 64 {
                state = fold(state ^ word, keys.1)
                (word, filled) = (0, 0)
            }
        }
        return fold(state ^ word, keys.1)
    }

    private static func fold(_ one: UInt64, _ other: UInt64) -> UInt64 {
        let product = one.multipliedFullWidth(by: other)
        return product.high ^ product.low
    }
}
