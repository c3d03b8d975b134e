@_spi(_Unicode) import Swift

/// A hash of text that is the same in every process, on every machine and in every version: it is part of what programs agree on.
///
/// FNV-1a, 64 bits (offset basis 14695981039346656037, prime 1099511628211), over the UTF-8 bytes of the text's Unicode normalization form
/// C; then mixed by the 64-bit finalizer of MurmurHash3, because FNV's low bits alone are uneven. No defence against keys that are chosen
/// to collide.
///
/// G. Fowler, L. C. Noll, K.-P. Vo, D. Eastlake, "The FNV Non-Cryptographic Hash Algorithm", IETF draft, 2012; A. Appleby, MurmurHash3.
package enum StableHash {
    package static func hash(_ text: String) -> UInt64 { mixed(fnv1a(composed(text).utf8)) }

    static func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    static func mixed(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 33)) &* 0xff51_afd7_ed55_8ccd
        value = (value ^ (value >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return value ^ (value >> 33)
    }

    /// Two spellings of one text are equal to Swift, and must not be two keys.
    private static func composed(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: text._nfc)
        return String(scalars)
    }
}
