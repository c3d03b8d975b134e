/// One reply, or one pushed message, of a server that speaks RESP2 or RESP3.
///
/// RESP2 is read as the part of RESP3 that it is; its two nulls become ``null``. Strings are bytes: servers promise no encoding.
package enum RESPValue: Sendable, Hashable {
    /// `+`: a short text, such as `OK`.
    case simpleString([UInt8])
    /// `$`: any bytes.
    case blobString([UInt8])
    /// `=`: any bytes, with three letters that say how to show them.
    case verbatimString(VerbatimFormat, [UInt8])
    /// `:`
    case number(Int64)
    /// `(`: a sign and digits, as many as there are.
    case bigNumber([UInt8])
    /// `,`
    case double(Double)
    /// `#`
    case boolean(Bool)
    /// `_`, and RESP2's `$-1` and `*-1`.
    case null
    /// `-` and `!`
    case error(RESPServerError)
    /// `*`
    case array([RESPValue])
    /// `~`: as it came, in the server's order.
    case set([RESPValue])
    /// `%`: as it came, in the server's order.
    case map([RESPEntry])
    /// `>`: a message outside the order of replies.
    case push([RESPValue])
    /// `|`: what the server says about the value that follows.
    indirect case attributed([RESPEntry], RESPValue)
}

/// A key of a map with its value.
package struct RESPEntry: Sendable, Hashable {
    package var key: RESPValue
    package var value: RESPValue

    package init(_ key: RESPValue, _ value: RESPValue) { (self.key, self.value) = (key, value) }
}

/// The three letters before a verbatim string, such as `txt` or `mkd`.
package struct VerbatimFormat: Sendable, Hashable {
    package let first: UInt8
    package let second: UInt8
    package let third: UInt8

    package init(_ first: UInt8, _ second: UInt8, _ third: UInt8) {
        (self.first, self.second, self.third) = (first, second, third)
    }

    package static let plainText = VerbatimFormat(UInt8(ascii: "t"), UInt8(ascii: "x"), UInt8(ascii: "t"))
}

/// What a server answers instead of a reply: a code in capitals, and a text.
package struct RESPServerError: Sendable, Hashable {
    /// The first word where it is in capitals, such as `WRONGTYPE`; `ERR` where there is none.
    package let code: String
    /// The whole text, code included, as it came.
    package let text: String

    /// Reads a server's text; bytes that are no UTF-8 are replaced.
    package init(_ bytes: some Sequence<UInt8>) { self.init(text: String(decoding: Array(bytes), as: UTF8.self)) }

    package init(text: String) {
        self.text = text
        let word = text.utf8.prefix { $0 != UInt8(ascii: " ") }
        let isCode = !word.isEmpty && word.allSatisfy(Self.mayStandInCode)
        code = isCode ? String(word) ?? "ERR" : "ERR"
    }

    private static func mayStandInCode(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
