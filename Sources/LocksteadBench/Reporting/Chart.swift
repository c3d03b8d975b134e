/// A chart of rows on one logarithmic axis, as inline SVG: engines differ by orders of magnitude.
struct Chart {
    struct Row {
        let label: String
        let isPeer: Bool
        /// A bar from the left edge to the one, or a line from the least to the most with a dot at each.
        let points: [Double]
        let text: String
    }

    let caption: String
    let rows: [Row]
    /// Writes a figure at the axis.
    let write: (Double) -> String

    private static let (left, width, rowHeight, top) = (150.0, 900.0, 22.0, 8.0)
    private static let right = 170.0

    var figure: String {
        guard let axis else { return "" }
        let height = Self.top + Double(rows.count) * Self.rowHeight + 26
        let body = ticks(axis, height) + rows.enumerated().map { draw($0.element, at: $0.offset, axis) }.joined()
        return """
            <figure><figcaption>\(Page.escaped(caption))</figcaption>\
            <svg viewBox="0 0 \(Int(Self.width)) \(Int(height))" role="img" aria-label="\(Page.escaped(caption))">\(body)</svg></figure>
            """
    }

    /// Whole powers of ten around all points.
    private var axis: (low: Int, high: Int)? {
        let points = rows.flatMap(\.points).filter { $0 > 0 }
        guard let least = points.min(), let most = points.max() else { return nil }
        let low = Self.exponent(below: least)
        let high = Self.exponent(below: most) + 1
        return (low, high)
    }

    private static func exponent(below value: Double) -> Int {
        var (exponent, power) = (0, 1.0)
        while power > value { (exponent, power) = (exponent - 1, power / 10) }
        while power * 10 <= value { (exponent, power) = (exponent + 1, power * 10) }
        return exponent
    }

    private static func power(_ exponent: Int) -> Double {
        (0..<abs(exponent)).reduce(1.0) { value, _ in exponent < 0 ? value / 10 : value * 10 }
    }

    private func x(_ value: Double, _ axis: (low: Int, high: Int)) -> Double {
        // Linear inside of each decade would bend lines; the common logarithm by halving keeps Foundation out.
        let exponent = Self.exponent(below: value)
        let decades = Double(exponent - axis.low) + Self.logarithm(value / Self.power(exponent))
        return Self.left + decades / Double(axis.high - axis.low) * (Self.width - Self.left - Self.right)
    }

    /// log₁₀ of a number from 1 to 10, to a thousandth: each squaring gives one binary digit.
    private static func logarithm(_ number: Double) -> Double {
        var (rest, digit, result) = (number, 0.5, 0.0)
        for _ in 0..<12 {
            rest *= rest
            if rest >= 10 { (rest, result) = (rest / 10, result + digit) }
            digit /= 2
        }
        return result
    }

    private func ticks(_ axis: (low: Int, high: Int), _ height: Double) -> String {
        (axis.low...axis.high).map { exponent in
            let place = Int(x(Self.power(exponent), axis).rounded())
            return """
                <line class="axis" x1="\(place)" y1="\(Int(Self.top))" x2="\(place)" y2="\(Int(height) - 20)"/>\
                <text class="tick" x="\(place)" y="\(Int(height) - 5)">\(Page.escaped(write(Self.power(exponent))))</text>
                """
        }.joined()
    }

    /// Once for all rounds of a workload, below a line where it has several.
    private func name(of row: Row, at index: Int, _ middle: Int) -> String {
        if index > 0, rows[index - 1].label == row.label { return "" }
        let isGroup = index + 1 < rows.count && rows[index + 1].label == row.label
        let edge = middle - Int(Self.rowHeight / 2)
        let line =
            index > 0 && isGroup
            ? "<line class=\"axis\" x1=\"0\" y1=\"\(edge)\" x2=\"\(Int(Self.width))\" y2=\"\(edge)\"/>" : ""
        return line + "<text class=\"label\" x=\"\(Int(Self.left) - 8)\" y=\"\(middle + 4)\">"
            + Page.escaped(row.label) + "</text>"
    }

    private func draw(_ row: Row, at index: Int, _ axis: (low: Int, high: Int)) -> String {
        let middle = Int(Self.top + (Double(index) + 0.5) * Self.rowHeight)
        let places = row.points.filter { $0 > 0 }.map { Int(x($0, axis).rounded()) }
        guard let first = places.first, let last = places.last else { return "" }
        let label = """
            \(name(of: row, at: index, middle))\
            <text class="value" x="\(last + 8)" y="\(middle + 4)">\(Page.escaped(row.text))</text>
            """
        let kind = row.isPeer ? "peer" : "ours"
        if places.count == 1 {
            let start = Int(Self.left)
            return label
                + "<rect class=\"\(kind)\" x=\"\(start)\" y=\"\(middle - 6)\" width=\"\(max(1, first - start))\" height=\"12\"/>"
        }
        let dots = places.map { "<circle class=\"\(kind)\" cx=\"\($0)\" cy=\"\(middle)\" r=\"4\"/>" }.joined()
        return label
            + "<line class=\"\(kind)\" stroke-width=\"2\" x1=\"\(first)\" y1=\"\(middle)\" x2=\"\(last)\" y2=\"\(middle)\"/>\(dots)"
    }
}
