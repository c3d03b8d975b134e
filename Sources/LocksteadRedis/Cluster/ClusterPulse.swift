import Lockstead
import RESP

/// When to ask for the whole map: whenever a node tells something else than before, and for a while afterwards.
///
/// A node raises the epoch when it votes, before the slots have changed hands, so that one look after a change is not enough.
struct ClusterPulse: Sendable {
    /// What a node says of the cluster's health.
    struct Reading: Sendable, Equatable {
        let isServing: Bool
        let epoch: Int64
        fileprivate let health: [String]

        /// Reads an answer to `CLUSTER INFO`; `nil` where it is none.
        init?(_ answer: RESPValue) {
            guard let lines = answer.text?.split(whereSeparator: \.isNewline) else { return nil }
            var (epoch, isServing, health) = (nil as Int64?, false, [String]())
            for line in lines where !line.hasPrefix("cluster_stats") && !line.hasPrefix("cluster_my_epoch") {
                if line.hasPrefix("cluster_current_epoch:") { epoch = Int64(line.dropFirst(22)) }
                isServing = isServing || line == "cluster_state:ok"
                if Self.tells.contains(where: line.hasPrefix) { health.append(String(line)) }
            }
            guard let epoch else { return nil }
            (self.isServing, self.epoch, self.health) = (isServing, epoch, health)
        }

        private static let tells = [
            "cluster_state", "cluster_slots", "cluster_known", "cluster_size", "cluster_current",
        ]
    }

    static let restlessness = Duration.seconds(10)

    private var last: Reading?
    private var restlessUntil: ContinuousTime?

    /// Takes in a reading.
    ///
    /// - Returns: Whether the whole map is wanted.
    mutating func isMapWanted(after reading: Reading, at now: ContinuousTime) -> Bool {
        if reading != last { restlessUntil = now.advanced(by: Self.restlessness) }
        last = reading
        return restlessUntil.map { now < $0 } ?? false
    }
}
