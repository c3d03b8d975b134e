import Lockstead

/// Since when each node remembers, as far as it told: a node whose marker is younger than the others' forgot what it held.
///
/// Such a node does not vote until its marker is as old as the longest lease: by then whatever it forgot has ended. A set of nodes that is
/// new as a whole works at once, for none of them is younger than the others.
struct NodeMemory: Sendable, Equatable {
    /// What the beginnings of nodes that were first used together may lie apart.
    static let slack = TimeSpan.seconds(1)

    let quarantine: TimeSpan
    /// By this client's clock.
    private var births: [ContinuousTime?]

    init(nodes: Int, quarantine: TimeSpan) {
        (self.quarantine, births) = (quarantine, Array(repeating: nil, count: nodes))
    }

    mutating func told(age: TimeSpan, by node: Int, at now: ContinuousTime) { births[node] = now - age }

    /// Whether the node forgot, as far as is known: somebody remembers longer, and those who do not are no majority of all nodes.
    ///
    /// So whichever nodes answer first, a minority that forgot together has no vote. Beside a majority that forgot nobody can tell who did.
    func isForgetful(_ node: Int, at now: ContinuousTime) -> Bool {
        guard let birth = births[node], now - birth < quarantine else { return false }
        let known = births.compactMap(\.self)
        let older = known.count { $0 < birth - Self.slack }
        return older > 0 && known.count - older <= births.count / 2
    }
}
