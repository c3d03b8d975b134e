/// A piece of text inside of a history's bytes, as it stands there.
struct HistoryText {
    var start: UnsafePointer<UInt8>
    var count: Int
    var hasEscapes: Bool

    /// The bytes that are meant.
    var bytes: [UInt8] { hasEscapes ? unescaped : Array(UnsafeBufferPointer(start: start, count: count)) }
    var string: String { String(decoding: bytes, as: UTF8.self) }

    /// The first eight bytes as a number, and whether that is all of it: short words compare in one step.
    @inline(__always)
    var word: UInt64? {
        guard count <= 8, !hasEscapes else { return hasEscapes ? slowWord : nil }
        var word: UInt64 = 0
        var at = count
        while at > 0 {
            at -= 1
            word = word << 8 | UInt64(start[at])
        }
        return word
    }

    private var slowWord: UInt64? {
        let bytes = unescaped
        return bytes.count <= 8 ? bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } : nil
    }

    func isEqual(to text: StaticString) -> Bool {
        !hasEscapes && count == text.utf8CodeUnitCount && (0..<count).allSatisfy { start[$0] == text.utf8Start[$0] }
    }

    func starts(with text: StaticString) -> Bool {
        !hasEscapes && count >= text.utf8CodeUnitCount
            && (0..<text.utf8CodeUnitCount).allSatisfy { start[$0] == text.utf8Start[$0] }
    }

    /// The scanner has checked the escapes already; half a surrogate pair becomes the replacement character.
    private var unescaped: [UInt8] {
        var units: [UInt16] = []
        var bytes: [UInt8] = []
        func flush() {
            bytes += Array(String(decoding: units, as: UTF16.self).utf8)
            units = []
        }
        var at = 0
        while at < count {
            guard start[at] == UInt8(ascii: "\\") else {
                flush()
                bytes.append(start[at])
                at += 1
                continue
            }
            if start[at + 1] == UInt8(ascii: "u") {
                let digits = String(decoding: UnsafeBufferPointer(start: start + at + 2, count: 4), as: UTF8.self)
                units.append(UInt16(digits, radix: 16) ?? 0xFFFD)
                at += 6
            } else {
                units.append(UInt16(Self.meaning(of: start[at + 1])))
                at += 2
            }
        }
        flush()
        return bytes
    }

    private static func meaning(of letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 8
        case UInt8(ascii: "f"): 12
        case UInt8(ascii: "n"): 10
        case UInt8(ascii: "r"): 13
        case UInt8(ascii: "t"): 9
        default: letter
        }
    }
}

/// A short word as ``HistoryText/word`` gives it; folded to a constant by the compiler.
@inline(__always)
func word(_ text: StaticString) -> UInt64 {
    var word: UInt64 = 0
    var at = text.utf8CodeUnitCount
    while at > 0 {
        at -= 1
        word = word << 8 | UInt64(text.utf8Start[at])
    }
    return word
}
