import LockCore

/// Draws values from an input; behind its end all draws are zero.
struct ByteSource {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    mutating func flag() -> Bool { byte() & 1 == 1 }

    mutating func number(below bound: UInt8) -> Int { Int(byte() % bound) }

    mutating func wide() -> UInt64 { (0..<8).reduce(0) { value, _ in value << 8 | UInt64(byte()) } }

    mutating func pick<Element>(_ list: [Element]) -> Element { list[Int(byte()) % list.count] }

    /// Mostly small, sometimes at the ends of what there is.
    mutating func nanoseconds() -> Int64 {
        switch number(below: 8) {
        case 0: 0
        case 1: .max
        case 2: .min
        case 3: Int64(bitPattern: wide())
        default: Int64(byte()) * 100_000_000
        }
    }

    mutating func span() -> TimeSpan { TimeSpan(nanoseconds: nanoseconds()) }

    mutating func identifier<Value: LockIdentifier>() -> Value { Value(high: 0, low: UInt64(number(below: 5))) }

    mutating func text(atMost count: Int) -> String {
        String(decoding: (0..<number(below: UInt8(clamping: count + 1))).map { _ in byte() }, as: UTF8.self)
    }
}
