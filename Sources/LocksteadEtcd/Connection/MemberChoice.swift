/// Which member is asked: the one that answered last, until it fails, then the next in turn.
struct MemberChoice: Sendable, Equatable {
    let count: Int
    private(set) var current = 0
    /// Rises whenever another member is chosen.
    private(set) var turn = 0

    init(count: Int) {
        precondition(count > 0, "a cluster without members")
        self.count = count
    }

    /// A member failed; where it still is the one that is asked, the next one is from now on.
    mutating func failed(_ member: Int) {
        guard member == current, count > 1 else { return }
        current = (current + 1) % count
        turn += 1
    }
}
