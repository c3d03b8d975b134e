import Lockstead

/// Writes one line of a history, field by field.
struct HistoryFormatter {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]

    init(_ event: StaticString) {
        bytes.reserveCapacity(200)
        text("e", "\(event)")
    }

    /// The line with its end.
    consuming func line() -> [UInt8] {
        bytes.append(contentsOf: "}\n".utf8)
        return bytes
    }

    mutating func number(_ name: StaticString, _ value: some BinaryInteger) {
        begin(name)
        bytes.append(contentsOf: "\(value)".utf8)
    }

    mutating func flag(_ name: StaticString, _ value: Bool) {
        begin(name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    mutating func text(_ name: StaticString, _ value: String) {
        begin(name)
        quote(value)
    }

    mutating func texts(_ name: StaticString, _ values: [String]) {
        begin(name)
        bytes.append(UInt8(ascii: "["))
        for (place, value) in values.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            quote(value)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Whole milliseconds, rounded down: a bound that is a little too weak accuses nobody wrongly.
    mutating func milliseconds(_ name: StaticString, _ value: Duration) {
        number(name, max(0, TimeSpan(value).nanoseconds) / 1_000_000)
    }

    mutating func names(_ names: [LockName]) {
        if names.count == 1 { text("key", names[0].text) } else { texts("keys", names.map(\.text)) }
    }

    mutating func mode(_ mode: LockMode) {
        switch mode {
        case .exclusive: text("mode", "x")
        case .shared: text("mode", "s")
        case .permits(let count, let limit):
            text("mode", "p")
            number("n", count)
            number("limit", limit)
        }
    }

    private mutating func begin(_ name: StaticString) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(contentsOf: "\":".utf8)
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes +=
                    Array("\\u".utf8) + Array(String(repeating: "0", count: 4 - digits.count).utf8) + Array(digits.utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
