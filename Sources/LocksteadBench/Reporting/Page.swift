/// A report as one page that needs nothing from elsewhere.
package enum Page {
    package static func html(of report: BenchReport) -> String {
        let title = "lockstead bench \(report.engine)" + (report.peer.map { " against \($0)" } ?? "")
        return fill(
            String(decoding: PackageResources.page_html, as: UTF8.self),
            [
                "title": escaped(title), "facts": facts(of: report), "charts": charts(of: report),
                "tables": tables(of: report),
            ])
    }

    static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }

    /// Puts each argument in the place of its name in double braces.
    private static func fill(_ template: String, _ arguments: [String: String]) -> String {
        var result = ""
        var rest = template[...]
        while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
            let name = String(rest[open.upperBound..<close.lowerBound])
            result += rest[..<open.lowerBound] + (arguments[name] ?? "")
            rest = rest[close.upperBound...]
        }
        return result + rest
    }

    private static func facts(of report: BenchReport) -> String {
        let loads = report.rows.flatMap(\.result.load)
        let range = loads.isEmpty ? "" : "\(Figures.number(loads.min()))–\(Figures.number(loads.max()))"
        var facts = [report.date, "\(report.rows.first?.result.processors ?? 0) processors", "load average \(range)"]
        facts.append(
            report.violations == 0
                ? "mutual exclusion held in every run" : "\(report.violations) VIOLATIONS of mutual exclusion")
        let keys = report.peer.map {
            "<li class=\"key\">\(escaped(report.engine))</li><li class=\"key peer\">\(escaped($0))</li>"
        }
        return facts.map { "<li>\(escaped($0))</li>" }.joined() + (keys ?? "")
    }

    private static func charts(of report: BenchReport) -> String {
        func chart(
            _ heading: String, _ caption: String, _ write: @escaping (Double) -> String,
            _ points: (BenchResult) -> [Double]
        ) -> String {
            let rows = report.rows.compactMap { row -> Chart.Row? in
                let found = points(row.result)
                guard !found.isEmpty else { return nil }
                return Chart.Row(
                    label: row.result.workload, isPeer: row.isPeer, points: found,
                    text: found.map(write).joined(separator: " · "))
            }
            return rows.isEmpty ? "" : "<h2>\(heading)</h2>" + Chart(caption: caption, rows: rows, write: write).figure
        }
        return chart("Pairs per second", "An acquire and its release; all clients together.", Figures.number) {
            $0.pairs > 0 ? [$0.pairsPerSecond] : []
        }
            + chart(
                "Time to acquire", "p50, p99 and the longest, waiting included; of a race, until all are answered.",
                Figures.time
            ) {
                $0.acquire.map { [$0.p50, $0.p99, $0.max] } ?? []
            }
            + chart(
                "Hand-over", "p50 and p99 from a release to the grant of one who was waiting by then.", Figures.time
            ) {
                $0.handOver.map { [$0.p50, $0.p99] } ?? []
            }
    }

    private static func tables(of report: BenchReport) -> String {
        let rows = report.rows.map { row in
            BenchTable.cells(of: row, named: row.result.workload + (row.isPeer ? " (peer)" : ""))
        }
        let ratios = report.comparisons.map { BenchTable.cells(of: $0) }
        return "<h2>All figures</h2>" + table(BenchTable.titles, rows)
            + (ratios.isEmpty ? "" : "<h2>Ratios</h2>" + table(BenchTable.ratioTitles, ratios))
    }

    private static func table(_ allTitles: [String], _ allRows: [[String]]) -> String {
        let (titles, rows) = BenchTable.trimmed(allTitles, allRows)
        let head = titles.map { "<th>\(escaped($0))</th>" }.joined()
        let body = rows.map { "<tr>" + $0.map { "<td>\(escaped($0))</td>" }.joined() + "</tr>" }.joined()
        return "<div class=\"scroll\"><table><thead><tr>\(head)</tr></thead><tbody>\(body)</tbody></table></div>"
    }
}
