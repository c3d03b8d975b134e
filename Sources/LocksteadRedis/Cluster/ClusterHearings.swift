import Synchronization

/// All who hear something of a cluster.
final class ClusterHearings: Sendable {
    private let state = Mutex<(next: UInt64, isOver: Bool, all: [UInt64: ClusterHearing])>((0, false, [:]))

    var all: [ClusterHearing] { state.withLock { Array($0.all.values) } }

    /// - Returns: What ends it; `nil` where the cluster's end has come, of which it has been told then.
    func add(_ hearing: ClusterHearing) -> RedisHearing? {
        let ticket = state.withLock { state -> UInt64? in
            guard !state.isOver else { return nil }
            state.next += 1
            state.all[state.next] = hearing
            return state.next
        }
        guard let ticket else {
            hearing.finish()
            return nil
        }
        return RedisHearing { [weak self] in
            hearing.cancel()
            _ = self?.state.withLock { $0.all.removeValue(forKey: ticket) }
        }
    }

    func end() {
        let all = state.withLock { state in
            state.isOver = true
            defer { state.all = [:] }
            return Array(state.all.values)
        }
        for hearing in all { hearing.finish() }
    }
}
