/// Lengths of time as people write them: `500ms`, `30s`, `5m`, `1h30m`.
package enum DurationText {
    /// What a length of time must look like, for error messages.
    package static let form = "write it like 500ms, 30s, 5m or 1h30m"

    /// The units from long to short, each with its seconds and attoseconds; a text names each at most once, in this order.
    private static let units: [(name: String, length: Duration)] = [
        ("d", .seconds(86_400)), ("h", .seconds(3_600)), ("m", .seconds(60)), ("s", .seconds(1)),
        ("ms", .milliseconds(1)),
    ]

    /// More than any lease or wait needs; keeps the arithmetic far from its limits.
    private static let mostDigits = 9

    /// Reads whole numbers with units, the longer unit first; `nil` for any other text, a bare number included.
    package static func parse(_ text: String) -> Duration? {
        var rest = text.utf8[...]
        var total = Duration.zero
        var firstUnit = 0
        repeat {
            let digits = rest.prefix { isDigit($0) }
            guard (1...mostDigits).contains(digits.count), let count = Int64(Substring(digits)) else { return nil }
            rest = rest[digits.endIndex...]
            let letters = rest.prefix { !isDigit($0) }
            guard let unit = units.indices.first(where: { units[$0].name.utf8.elementsEqual(letters) }),
                unit >= firstUnit
            else { return nil }
            total += units[unit].length * Int(count)
            rest = rest[letters.endIndex...]
            firstUnit = unit + 1
        } while !rest.isEmpty
        return total
    }

    /// Writes a length of time in its two largest units, rounded down: `1h30m`, `12s`, `1.5s`, `340ms`.
    package static func format(_ duration: Duration) -> String {
        if duration < .zero { return "-" + format(.zero - duration) }
        let milliseconds = duration / Duration.milliseconds(1)
        if milliseconds < 1_000 { return "\(Int64(milliseconds))ms" }
        if milliseconds < 10_000 { return tenths(Int64(milliseconds / 100)) }
        return format(wholeSeconds: duration.components.seconds)
    }

    private static func tenths(_ count: Int64) -> String {
        count % 10 == 0 ? "\(count / 10)s" : "\(count / 10).\(count % 10)s"
    }

    private static func format(wholeSeconds: Int64) -> String {
        var parts: [String] = []
        var rest = wholeSeconds
        for (name, length) in units.prefix(4) {
            let size = length.components.seconds
            if rest >= size { parts.append("\(rest / size)\(name)") } else if !parts.isEmpty { break }
            rest %= size
            if parts.count == 2 { break }
        }
        return parts.joined()
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
