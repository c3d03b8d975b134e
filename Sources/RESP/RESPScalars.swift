/// The values that fit in a line.
enum RESPScalars {
    /// A decimal number with an optional sign, of 64 bits.
    static func number(_ line: [UInt8]) throws(RESPParsingError) -> Int64 {
        let isNegative = line.first == UInt8(ascii: "-")
        let isSigned = isNegative || line.first == UInt8(ascii: "+")
        guard line.count > (isSigned ? 1 : 0) else { throw .malformed("A number has no digits.") }
        var number: Int64 = 0
        for index in (isSigned ? 1 : 0)..<line.count {
            number = try appending(line[index], to: number, isNegative: isNegative)
        }
        return number
    }

    private static func appending(
        _ digit: UInt8, to number: Int64, isNegative: Bool
    ) throws(RESPParsingError) -> Int64 {
        guard let value = value(ofDigit: digit) else { throw .malformed("A number holds something else than digits.") }
        let (shifted, overflow) = number.multipliedReportingOverflow(by: 10)
        let (sum, carry) =
            isNegative ? shifted.subtractingReportingOverflow(value) : shifted.addingReportingOverflow(value)
        guard !overflow, !carry else { throw .malformed("A number does not fit in 64 bits.") }
        return sum
    }

    private static func value(ofDigit byte: UInt8) -> Int64? {
        let value = byte &- UInt8(ascii: "0")
        return value < 10 ? Int64(value) : nil
    }

    /// A decimal fraction with an optional exponent, or `inf`, `-inf` or `nan`.
    static func double(_ line: [UInt8]) throws(RESPParsingError) -> Double {
        let isPlain = line.allSatisfy { value(ofDigit: $0) != nil || "+-.eE".utf8.contains($0) }
        let text = String(decoding: line, as: UTF8.self)
        guard isPlain || ["inf", "-inf", "nan", "-nan"].contains(text), let double = Double(text) else {
            throw .malformed("A double cannot be read.")
        }
        return double
    }

    static func boolean(_ line: [UInt8]) throws(RESPParsingError) -> Bool {
        switch line {
        case [UInt8(ascii: "t")]: return true
        case [UInt8(ascii: "f")]: return false
        default: throw .malformed("A boolean is neither t nor f.")
        }
    }

    static func bigNumber(_ line: [UInt8]) throws(RESPParsingError) -> [UInt8] {
        let digits = line.first == UInt8(ascii: "-") || line.first == UInt8(ascii: "+") ? line.dropFirst() : line[...]
        guard !digits.isEmpty, digits.allSatisfy({ value(ofDigit: $0) != nil }) else {
            throw .malformed("A big number holds something else than digits.")
        }
        return line
    }
}
