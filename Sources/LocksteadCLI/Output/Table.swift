/// Rows in aligned columns.
struct Table: Sendable {
    struct Column: Sendable {
        let title: String
        var alignsRight = false
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row with a cell for each column.
    mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row has \(cells.count) cells for \(columns.count) columns")
        rows.append(cells)
    }

    /// The lines, titles first, without blanks at their ends.
    func lines(_ style: Style) -> [String] {
        let widths = columns.indices.map { column in
            rows.reduce(columns[column].title.count) { max($0, $1[column].count) }
        }
        let title = line(columns.map(\.title), widths)
        return [style.paint(title, .bold)] + rows.map { line($0, widths) }
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var text = ""
        for (index, cell) in cells.enumerated() {
            let blanks = String(repeating: " ", count: widths[index] - cell.count)
            let isLast = index == cells.count - 1
            text += columns[index].alignsRight ? blanks + cell : cell + (isLast ? "" : blanks)
            if !isLast { text += "  " }
        }
        return text
    }
}
