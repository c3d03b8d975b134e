import Lockstead
import Synchronization

/// The slots of a cluster that a client listens to: those in which it waits, and for a while those in which it did.
final class ShardHearings: Sendable {
    fileprivate struct Entry {
        let hearing: RedisHearing
        var stays = 0
        var lastUsed: ContinuousTime
    }

    fileprivate struct State {
        var entries: [ClusterSlot: Entry] = [:]
        var isOver = false
    }

    /// Somebody waits in a slot.
    struct Stay: Sendable {
        fileprivate let slot: ClusterSlot
        fileprivate let hearings: ShardHearings

        func end() { hearings.leave(slot) }
    }

    /// Beyond these, waiters look once a second, and are told nothing.
    static let most = 4_096
    /// Who waits again sooner finds the slot listened to.
    static let idleTime = Duration.seconds(60)

    private let state = Mutex(State())

    /// Has a slot listened to.
    ///
    /// - Parameters:
    ///   - slot: Which.
    ///   - now: The time.
    ///   - hear: Begins to listen to it.
    /// - Returns: What ends the stay; `nil` where there are too many slots, or no more are to be listened to.
    func stay(in slot: ClusterSlot, now: ContinuousTime, hear: () -> RedisHearing) -> Stay? {
        let (isStaying, idle) = state.withLock { state -> (Bool, [RedisHearing]) in
            let idle = state.removeIdle(at: now, but: slot)
            guard !state.isOver, state.entries[slot] != nil || state.entries.count < Self.most else {
                return (false, idle)
            }
            state.entries[slot, default: Entry(hearing: hear(), lastUsed: now)].stays += 1
            state.entries[slot]?.lastUsed = now
            return (true, idle)
        }
        for hearing in idle { hearing.cancel() }
        return isStaying ? Stay(slot: slot, hearings: self) : nil
    }

    private func leave(_ slot: ClusterSlot) { state.withLock { $0.entries[slot]?.stays -= 1 } }

    func end() {
        let hearings = state.withLock { state in
            state.isOver = true
            defer { state.entries = [:] }
            return state.entries.values.map(\.hearing)
        }
        for hearing in hearings { hearing.cancel() }
    }
}

extension ShardHearings.State {
    fileprivate mutating func removeIdle(at now: ContinuousTime, but slot: ClusterSlot) -> [RedisHearing] {
        let idle = entries.filter {
            $0.key != slot && $0.value.stays == 0 && $0.value.lastUsed.advanced(by: ShardHearings.idleTime) < now
        }
        for slot in idle.keys { entries[slot] = nil }
        return idle.values.map(\.hearing)
    }
}
