/// How many of a fixed set of nodes are enough: more than half, so that any two such sets share a node.
struct Quorum: Sendable, Hashable {
    let nodes: Int

    var majority: Int { nodes / 2 + 1 }

    /// Whether a majority is still possible with so many for it and so many undecided.
    func isPossible(_ count: Int, pending: Int) -> Bool { count + pending >= majority }
}

/// A machine that takes in one answer from each of some nodes.
protocol RoundMachine: Sendable {
    associatedtype Answer: Sendable

    /// Whether enough is known; what comes later changes nothing any more.
    var isDecided: Bool { get }
    /// Whether every node that was asked has answered or failed.
    var isComplete: Bool { get }

    /// Takes in what a node said; `nil` where it said nothing in time, and `isLost` where it may do so later.
    mutating func receive(_ answer: Answer?, from node: Int, isLost: Bool)
}
