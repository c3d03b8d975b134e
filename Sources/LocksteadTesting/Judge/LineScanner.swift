import Lockstead

/// Takes one line of JSON apart, byte by byte.
///
/// General decoders build a tree for each line, which costs more than all judging (docs/decisions). This one knows the fields
/// of a history and copies nothing. It reads any order of fields, any blanks and escapes, and skips fields that it does not know.
struct LineScanner {
    /// What is wrong, in words; the reader adds the line.
    struct Flaw: Error { let message: String }

    private var at: UnsafePointer<UInt8>
    private let end: UnsafePointer<UInt8>

    init(_ bytes: UnsafeBufferPointer<UInt8>, empty: UnsafePointer<UInt8>) {
        at = bytes.baseAddress ?? empty
        end = at + bytes.count
    }

    mutating func scan(into line: inout HistoryLine, _ names: inout TextNumbers) throws(Flaw) {
        line.fields = []
        skipBlanks()
        try expect("{")
        skipBlanks()
        if peek == UInt8(ascii: "}") { throw Flaw(message: "the object is empty") }
        repeat {
            skipBlanks()
            let name = try text()
            skipBlanks()
            try expect(":")
            skipBlanks()
            try value(of: name, &line, &names)
            skipBlanks()
        } while take(",")
        try expect("}")
        skipBlanks()
        guard at == end else { throw Flaw(message: "something follows the object") }
    }
}

// MARK: Values

extension LineScanner {
    mutating func text() throws(Flaw) -> HistoryText {
        guard take("\"") else { throw Flaw(message: "a text in quotation marks is missing") }
        let start = at
        var hasEscapes = false
        while at < end {
            let byte = at.pointee
            if byte == UInt8(ascii: "\"") {
                defer { at += 1 }
                return HistoryText(start: start, count: at - start, hasEscapes: hasEscapes)
            }
            guard byte >= 0x20 else { throw Flaw(message: "a text holds a control character") }
            at += 1
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                try skipEscape()
            }
        }
        throw Flaw(message: "a text does not end")
    }

    private mutating func skipEscape() throws(Flaw) {
        guard at < end else { throw Flaw(message: "a text does not end") }
        let letter = at.pointee
        at += 1
        switch letter {
        case UInt8(ascii: "u"):
            for _ in 0..<4 {
                guard at < end, Self.isHexadecimal(at.pointee) else { throw Flaw(message: "an escape is cut short") }
                at += 1
            }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            break
        default: throw Flaw(message: "a text holds an unknown escape")
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    /// A whole number of 63 bits, not negative.
    mutating func number(_ name: StaticString) throws(Flaw) -> Int64 {
        let start = at
        var value: UInt64 = 0
        while at < end {
            let digit = at.pointee &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            // Nineteen digits cannot overflow 64 bits.
            guard at - start < 19 else { throw Flaw(message: "\"\(name)\" is too large; the most is 2^63 - 1") }
            value = value &* 10 &+ UInt64(digit)
            at += 1
        }
        guard at > start else { throw Flaw(message: "\"\(name)\" must be a whole number that is not negative") }
        if at < end {
            switch at.pointee {
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
                throw Flaw(message: "\"\(name)\" must be a whole number, without a point or an exponent")
            default: break
            }
        }
        guard value <= UInt64(Int64.max) else {
            throw Flaw(message: "\"\(name)\" is too large; the most is 2^63 - 1")
        }
        return Int64(value)
    }

    /// A number, or the same in quotation marks, as those write tokens who fear for the precision of JSON readers.
    mutating func tokenNumber(_ name: StaticString) throws(Flaw) -> UInt64 {
        let isText = take("\"")
        let value = try number(name)
        if isText, !take("\"") { throw Flaw(message: "\"\(name)\" must be a whole number") }
        guard value > 0, value <= FencingToken.maximum.rawValue else {
            throw Flaw(message: "\"\(name)\" is no token; tokens are 1 to 2^53 - 1")
        }
        return UInt64(value)
    }

    mutating func milliseconds(_ name: StaticString) throws(Flaw) -> Int64 {
        try number(name).saturatingMultipliedByAMillion
    }

    mutating func flag(_ name: StaticString) throws(Flaw) -> Bool {
        if takeWord("true") { return true }
        if takeWord("false") { return false }
        throw Flaw(message: "\"\(name)\" must be true or false")
    }

    mutating func texts() throws(Flaw) -> [HistoryText] {
        try expect("[")
        var texts: [HistoryText] = []
        skipBlanks()
        if take("]") { return texts }
        repeat {
            skipBlanks()
            texts.append(try text())
            skipBlanks()
        } while take(",")
        try expect("]")
        return texts
    }

    /// A value that means nothing to us.
    mutating func skipValue(depth: Int = 0) throws(Flaw) {
        guard depth < 32 else { throw Flaw(message: "values are nested too deeply") }
        skipBlanks()
        switch peek {
        case UInt8(ascii: "\""): _ = try text()
        case UInt8(ascii: "{"): try skipList("}", depth: depth, named: true)
        case UInt8(ascii: "["): try skipList("]", depth: depth, named: false)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): skipNumber()
        default:
            guard takeWord("true") || takeWord("false") || takeWord("null") else {
                throw Flaw(message: "a value is missing or is no JSON")
            }
        }
    }

    private mutating func skipList(_ close: Unicode.Scalar, depth: Int, named: Bool) throws(Flaw) {
        at += 1
        skipBlanks()
        if take(close) { return }
        repeat {
            skipBlanks()
            if named {
                _ = try text()
                skipBlanks()
                try expect(":")
            }
            try skipValue(depth: depth + 1)
            skipBlanks()
        } while take(",")
        try expect(close)
    }

    private mutating func skipNumber() {
        while at < end {
            switch at.pointee {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                at += 1
            default: return
            }
        }
    }
}

// MARK: Bytes

extension LineScanner {
    var peek: UInt8 { at < end ? at.pointee : 0 }

    @inline(__always)
    mutating func skipBlanks() {
        while at < end, at.pointee == UInt8(ascii: " ") || at.pointee == UInt8(ascii: "\t") || at.pointee == 13 {
            at += 1
        }
    }

    @inline(__always)
    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard at < end, at.pointee == UInt8(ascii: scalar) else { return false }
        at += 1
        return true
    }

    mutating func takeWord(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard end - at >= count, (0..<count).allSatisfy({ at[$0] == word.utf8Start[$0] }) else { return false }
        at += count
        return true
    }

    @inline(__always)
    mutating func expect(_ scalar: Unicode.Scalar) throws(Flaw) {
        guard take(scalar) else {
            throw Flaw(message: at == end ? "the line is cut short" : "\"\(scalar)\" is missing")
        }
    }
}

extension Int64 {
    fileprivate var saturatingMultipliedByAMillion: Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: 1_000_000)
        return overflow ? .max : product
    }
}
