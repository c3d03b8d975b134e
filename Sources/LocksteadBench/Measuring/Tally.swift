/// What one client counted inside the window.
struct Tally: Sendable {
    var pairs = 0
    private(set) var failures = 0
    /// What some of them said.
    private(set) var errors: Set<String> = []
    private static let mostErrors = 5
    /// Tries of those who ask again and again until they get it.
    var tries = 0
    /// Acquisitions by the client that had held the name just before.
    var retaken = 0
    var acquire = Latencies()
    var release = Latencies()
    /// From the release to the grant of who was waiting by then.
    var handOver = Latencies()

    mutating func fail(_ error: any Error) {
        failures += 1
        if errors.count < Self.mostErrors { errors.insert("\(error)") }
    }

    /// Forgets all but what went wrong.
    mutating func keepFailuresOnly() {
        let (failures, errors) = (failures, errors)
        self = Tally()
        (self.failures, self.errors) = (failures, errors)
    }

    mutating func add(_ other: Tally) {
        pairs += other.pairs
        failures += other.failures
        for error in other.errors where errors.count < Self.mostErrors { errors.insert(error) }
        retaken += other.retaken
        tries += other.tries
        acquire.add(other.acquire)
        release.add(other.release)
        handOver.add(other.handOver)
    }
}

/// Jain's index of fairness: 1 where all got the same, 1/n where one got all.
///
/// R. Jain, D. Chiu and W. Hawe, "A Quantitative Measure of Fairness and Discrimination", DEC-TR-301, 1984.
enum JainIndex {
    static func of(_ shares: [Int]) -> Double {
        let sum = Double(shares.reduce(0, +))
        let squares = shares.reduce(0.0) { $0 + Double($1) * Double($1) }
        return squares == 0 ? 1 : sum * sum / (Double(shares.count) * squares)
    }
}
