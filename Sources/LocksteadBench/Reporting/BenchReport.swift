/// All runs of one call of `lockstead bench`.
package struct BenchReport: Encodable, Sendable {
    /// The engines' URLs; a peer only where there was one to compare with.
    package let engine: String
    package let peer: String?
    /// When it began, as a date and time.
    package let date: String
    /// Each with its rounds in the order they ran.
    package let results: [BenchResult]
    package let comparisons: [Comparison]

    package init(engine: String, peer: String?, date: String, results: [BenchResult], comparisons: [Comparison]) {
        (self.engine, self.peer, self.date) = (engine, peer, date)
        (self.results, self.comparisons) = (results, comparisons)
    }

    /// Whether two were ever inside at once, or anything else happened that no engine may do.
    package var violations: Int { rows.reduce(0) { $0 + $1.result.violations } }

    /// What some of the failures said, each once.
    package var errors: [String] { Set(rows.flatMap { $0.result.errors ?? [] }).sorted() }

    /// Every run, with whose it was.
    package var rows: [Row] {
        results.map { Row(result: $0, isPeer: false) }
            + comparisons.flatMap { comparison in
                zip(comparison.ours, comparison.peers).flatMap {
                    [Row(result: $0, isPeer: false), Row(result: $1, isPeer: true)]
                }
            }
    }

    package struct Row: Sendable {
        package let result: BenchResult
        package let isPeer: Bool
    }
}
