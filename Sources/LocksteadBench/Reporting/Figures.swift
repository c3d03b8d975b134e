/// Figures as people read them, three digits each.
package enum Figures {
    /// What stands where there is no figure.
    package static let nothing = "–"

    /// `512 B`, `1.20 KiB`, `34.5 MiB`; a dash where there is none.
    package static func size(_ bytes: Double?) -> String {
        guard let bytes else { return nothing }
        for (unit, size) in [("GiB", 1_073_741_824.0), ("MiB", 1_048_576), ("KiB", 1_024)] where bytes >= size {
            return "\(digits(bytes / size)) \(unit)"
        }
        return "\(digits(bytes)) B"
    }

    /// `850 ns`, `12.3 µs`, `1.02 ms`, `3.40 s`; a dash where there is none.
    package static func time(_ seconds: Double?) -> String {
        guard let seconds else { return nothing }
        for (unit, size) in [("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)] where seconds >= size * 0.9995 {
            return "\(digits(seconds / size)) \(unit)"
        }
        return "\(digits(seconds / 1e-9)) ns"
    }

    /// `1.23`, `45.6`, `789`, `12,345`.
    package static func number(_ value: Double?) -> String { value.map(digits) ?? nothing }

    private static func digits(_ value: Double) -> String {
        guard value.isFinite else { return nothing }
        if value >= 99.95 { return grouped(Int(value.rounded())) }
        return fixed(value, places: value >= 9.995 ? 1 : 2)
    }

    private static func fixed(_ value: Double, places: Int) -> String {
        let scale = places == 1 ? 10 : 100
        let scaled = Int((value * Double(scale)).rounded())
        let rest = String(scaled % scale)
        return "\(scaled / scale)." + String(repeating: "0", count: places - rest.count) + rest
    }

    private static func grouped(_ value: Int) -> String {
        let text = String(value)
        var result = ""
        for (index, digit) in text.enumerated() {
            if index > 0, (text.count - index).isMultiple(of: 3) { result += "," }
            result.append(digit)
        }
        return result
    }
}
