import Synchronization

/// One change of a latch through all its tries.
final class LatchChange: Sendable {
    let id: UInt64
    private let first = Mutex<UInt64?>(nil)

    init(_ id: UInt64) { self.id = id }

    /// How many changes there were when this one was first tried.
    ///
    /// Fewer than that means that the latch was forgotten and began anew.
    func known(_ changes: UInt64) -> UInt64 {
        first.withLock { first in
            let known = min(first ?? changes, changes)
            first = known
            return known
        }
    }
}

/// The round of a latch that someone waits for: the one that was on when the wait began.
final class LatchRound: Sendable {
    private let awaited = Mutex<UInt32?>(nil)

    /// Whether the round has ended.
    ///
    /// A round before the awaited one means that the latch was forgotten and began anew.
    func isOver(in state: LatchState) -> Bool {
        awaited.withLock { awaited in
            let round = min(awaited ?? state.round, state.round)
            awaited = round
            return state.count == 0 || state.round > round
        }
    }
}
