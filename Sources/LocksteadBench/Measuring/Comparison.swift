/// Two engines under one workload, by turns in the same minutes: only their ratio means anything on a machine that others use.
package struct Comparison: Encodable, Sendable {
    package let workload: String
    package let ours: [BenchResult]
    package let peers: [BenchResult]
    /// Medians over the rounds of ours divided by the peer's; `nil` where one of them has no such figure.
    package let ratios: Ratios

    package struct Ratios: Encodable, Sendable {
        package let pairsPerSecond: Double?
        package let acquireP50: Double?
        package let acquireP99: Double?
        package let releaseP50: Double?
        package let handOverP50: Double?
        package let handOverP99: Double?
    }

    /// - Precondition: As many of ours as of the peer's, round by round.
    package init(workload: String, ours: [BenchResult], peers: [BenchResult]) {
        precondition(ours.count == peers.count, "a comparison needs pairs of runs")
        (self.workload, self.ours, self.peers) = (workload, ours, peers)
        func median(_ figure: (BenchResult) -> Double?) -> Double? {
            let ratios = zip(ours, peers).compactMap { ours, peer -> Double? in
                guard let our = figure(ours), let their = figure(peer), their > 0 else { return nil }
                return our / their
            }
            return ratios.count == ours.count ? Self.median(ratios) : nil
        }
        ratios = Ratios(
            pairsPerSecond: median(\.pairsPerSecond), acquireP50: median(\.acquire?.p50),
            acquireP99: median(\.acquire?.p99), releaseP50: median(\.release?.p50),
            handOverP50: median(\.handOver?.p50), handOverP99: median(\.handOver?.p99))
    }

    /// The middle one, or the mean of the middle two; `nil` of nothing.
    package static func median(_ figures: [Double]) -> Double? {
        guard !figures.isEmpty else { return nil }
        let sorted = figures.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
