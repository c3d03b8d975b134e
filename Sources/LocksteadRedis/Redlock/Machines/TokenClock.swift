import Lockstead

/// Guesses a token above what the nodes' clocks will show when it arrives, in microseconds since 1970.
///
/// Only a guess: each node compares it with its own clock and counter before it takes it.
struct TokenClock: Sendable, Equatable {
    /// How far ahead of the nodes' clocks a token may be, which is what an attempt may take on its way.
    static let margin: UInt64 = 50_000

    /// Of each node, its clock less ours, as it told last.
    private var offsets: [Int64?]
    private var last: UInt64 = 0

    init(nodes: Int) { offsets = Array(repeating: nil, count: nodes) }

    mutating func told(micros: UInt64, by node: Int, at now: ContinuousTime) {
        offsets[node] = Int64(clamping: micros) - now.nanoseconds / 1_000
    }

    /// A token never proposed before by this clock; zero while too few nodes have told their time.
    mutating func propose(at now: ContinuousTime, _ quorum: Quorum) -> UInt64 {
        let known = offsets.compactMap(\.self)
        guard known.count >= quorum.majority, let furthest = known.max() else { return 0 }
        let clock = UInt64(clamping: furthest.saturatingAdding(now.nanoseconds / 1_000))
        last = max(clock.saturatingAdding(Self.margin), last + 1)
        return last <= FencingToken.maximum.rawValue ? last : 0
    }
}
