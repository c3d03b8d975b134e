/// The runs as rows of text, for terminals and pages alike.
package enum BenchTable {
    package static let titles = [
        "WORKLOAD", "PAIRS/S", "ACQUIRE P50", "P99", "MAX", "RELEASE P50", "P99", "HAND-OVER P50", "P99", "JAIN",
        "RETAKEN", "RETRIES", "FAILED", "COMMANDS", "SYNCS", "CPU/PAIR", "MEMORY/CLIENT", "LOAD",
    ]

    /// Titles and rows without the columns in which no row has anything.
    package static func trimmed(_ titles: [String], _ rows: [[String]]) -> (titles: [String], rows: [[String]]) {
        let kept = titles.indices.filter { column in rows.contains { $0[column] != Figures.nothing } }
        return (kept.map { titles[$0] }, rows.map { row in kept.map { row[$0] } })
    }

    package static func cells(of row: BenchReport.Row, named name: String) -> [String] {
        let result = row.result
        return [
            name, Figures.number(result.pairsPerSecond), Figures.time(result.acquire?.p50),
            Figures.time(result.acquire?.p99), Figures.time(result.acquire?.max), Figures.time(result.release?.p50),
            Figures.time(result.release?.p99), Figures.time(result.handOver?.p50), Figures.time(result.handOver?.p99),
            Figures.number(result.fairness), percent(result.retaken), Figures.number(result.retriesPerPair),
            "\(result.failures)", Figures.number(result.commandsPerPair), Figures.number(result.syncsPerPair),
            Figures.time(result.processorPerPair), Figures.size(result.bytesPerClient),
            result.load.map { Figures.number($0) }.joined(separator: "–"),
        ]
    }

    package static let ratioTitles = [
        "RATIO (MEDIAN)", "PAIRS/S", "ACQUIRE P50", "ACQUIRE P99", "RELEASE P50", "HAND-OVER P50", "HAND-OVER P99",
        "ROUNDS",
    ]

    package static func cells(of comparison: Comparison) -> [String] {
        let ratios = comparison.ratios
        let figures = [
            ratios.pairsPerSecond, ratios.acquireP50, ratios.acquireP99, ratios.releaseP50, ratios.handOverP50,
            ratios.handOverP99,
        ]
        return [comparison.workload] + figures.map(Figures.number) + ["\(comparison.ours.count)"]
    }

    private static func percent(_ share: Double?) -> String {
        share.map { "\(Int(($0 * 100).rounded())) %" } ?? Figures.nothing
    }
}
