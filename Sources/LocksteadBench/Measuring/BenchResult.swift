import Lockstead

/// What one run of one workload came to; times in seconds.
package struct BenchResult: Codable, Sendable {
    package let workload: String
    package let clients: Int
    package let window: Double
    package let pairs: Int
    package let pairsPerSecond: Double
    /// The time of an acquire, the wait included; of a race, until the last was answered.
    package let acquire: LatencySummary?
    package let release: LatencySummary?
    /// From the release to the grant of one who was waiting by then.
    package let handOver: LatencySummary?
    /// Jain's index over what each client got; 1 is equal shares.
    package let fairness: Double
    /// What the least and the most served client got.
    package let leastOfAClient: Int
    package let mostOfAClient: Int
    /// Share of acquisitions by who had held the name just before; where names are contended.
    package let retaken: Double?
    package let failures: Int
    /// What some of the failures said.
    package let errors: [String]?
    /// Tries in vain for each acquisition, of those who ask again and again.
    package let retriesPerPair: Double?
    /// Times that two were inside at once, a token did not rise, or a race had not one winner.
    package let violations: Int
    /// Processor time of this process for each pair; an engine's server is not in it.
    package let processorPerPair: Double?
    /// Commands sent to a server for each pair, where the engine has one and counts them.
    package let commandsPerPair: Double?
    /// Writes made durable for each pair, where the engine counts them.
    package let syncsPerPair: Double?
    /// By how much the process grew for each client from before the run to the end of the window, engine included.
    package let bytesPerClient: Double?
    /// Load average of the machine before and after, this process included.
    package let load: [Double]
    package let processors: Int

    init(
        workload: Workload, sum: Tally, shares: [Int], violations: Int, timeline: Timeline,
        load: (before: Double, after: Double), bytesBefore: Int
    ) {
        (self.workload, clients, self.violations) = (workload.name, workload.clients, violations)
        window = timeline.window / .seconds(1)
        (pairs, failures, errors) = (sum.pairs, sum.failures, sum.errors.isEmpty ? nil : sum.errors.sorted())
        pairsPerSecond = Double(sum.pairs) / window
        (acquire, release, handOver) = (sum.acquire.summary, sum.release.summary, sum.handOver.summary)
        fairness = workload.countsShares ? JainIndex.of(shares) : 1
        (leastOfAClient, mostOfAClient) = (shares.min() ?? 0, shares.max() ?? 0)
        retaken =
            workload.shape == .contended && workload.clients > 1 && sum.pairs > 0
            ? Double(sum.retaken) / Double(sum.pairs) : nil
        let used = Usage(timeline.readings, pairsPerSecond: pairsPerSecond, window: timeline.window)
        (processorPerPair, commandsPerPair, syncsPerPair) = (used.processor, used.commands, used.syncs)
        retriesPerPair =
            sum.tries > 0 && sum.pairs > 0 ? Double(sum.tries - sum.pairs) / Double(sum.pairs) : nil
        // A process that has grown before has memory to give again: then this tells nothing.
        let growth = (timeline.readings?.until.residentBytes ?? 0) - bytesBefore
        bytesPerClient = growth > 0 ? Double(growth) / Double(workload.clients) : nil
        (self.load, processors) = ([load.before, load.after], Machine.processors)
    }
}

/// What was used inside the window, for each pair.
private struct Usage {
    var processor: Double?
    var commands: Double?
    var syncs: Double?

    init(_ readings: (from: Reading, until: Reading)?, pairsPerSecond: Double, window: Duration) {
        guard let (from, until) = readings, pairsPerSecond > 0 else { return }
        // Where a thousand tasks keep all threads busy the readings are late too; one that missed the window tells nothing.
        let elapsed = from.time.duration(to: until.time)
        guard elapsed >= window / 2, elapsed <= window * 2 else { return }
        let pairs = pairsPerSecond * (elapsed / .seconds(1))
        func perPair(_ figure: (Reading) -> Double?) -> Double? {
            guard let before = figure(from), let after = figure(until) else { return nil }
            return (after - before) / pairs
        }
        processor = perPair(\.processorSeconds)
        commands = perPair { $0.counts.commands.map(Double.init) }
        syncs = perPair { $0.counts.syncs.map(Double.init) }
    }
}

extension Workload {
    /// Whether all clients do the same work, so that what each got can be compared.
    fileprivate var countsShares: Bool {
        switch shape {
        case .apart, .shared, .contended: true
        case .race, .wait: false
        }
    }
}
