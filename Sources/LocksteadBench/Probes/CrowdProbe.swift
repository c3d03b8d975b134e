import Lockstead
import Synchronization

/// Many requests on one name of the in-process engine.
package enum CrowdProbe {
    /// What a crowd came to.
    package struct Finding: Sendable {
        package let releases: Int
        /// How often a suspended task was resumed.
        package let resumptions: Int
        package let seconds: Double
    }

    /// So many wait; then each is granted, and releases, one after the other.
    ///
    /// - Parameter waiters: How many; at most 20,000 may wait for one name.
    /// - Returns: Releases and resumptions, which are as many where nobody is woken in vain.
    /// - Throws: What the engine refuses.
    package static func waiters(_ waiters: Int) async throws -> Finding {
        let store = InProcessStore()
        let backend = InProcessBackend(store: store)
        let name = try LockName("bench/waiters")
        let first = try await grant(backend, name, 0)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...waiters {
                group.addTask {
                    let held = try await grant(backend, name, UInt64(number))
                    _ = try await backend.release(held, deadline: .distantFuture)
                }
            }
            while try await backend.inspect(name, deadline: .distantFuture)?.waiterCount != waiters {
                try await Task.sleep(for: .milliseconds(5))
            }
            let before = store.resumptions
            let start = SystemTimeSource().now
            _ = try await backend.release(first, deadline: .distantFuture)
            try await group.waitForAll()
            return Finding(
                releases: waiters, resumptions: store.resumptions - before, seconds: elapsed(since: start))
        }
    }

    /// Tasks that want one name all the time: how often it changes hands.
    package static func handOvers(tasks: Int, rounds: Int) async throws -> Finding {
        let store = InProcessStore()
        let backend = InProcessBackend(store: store)
        let name = try LockName("bench/handover")
        let start = SystemTimeSource().now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    for round in 0..<(rounds / tasks) {
                        let held = try await grant(backend, name, UInt64(task) << 32 | UInt64(round))
                        _ = try await backend.release(held, deadline: .distantFuture)
                    }
                }
            }
            try await group.waitForAll()
        }
        return Finding(
            releases: rounds / tasks * tasks, resumptions: store.resumptions, seconds: elapsed(since: start))
    }

    private static func grant(_ backend: InProcessBackend, _ name: LockName, _ number: UInt64) async throws -> Grant {
        let request = LockRequest(
            id: RequestID(high: 1, low: number), owner: OwnerID(high: 2, low: number), names: [name])
        switch try await backend.acquire(request) {
        case .granted(let grant): return grant
        case .busy: throw LockError(.timedOut, "A request that waits for ever was told busy.", effect: .didNotHappen)
        }
    }

    private static func elapsed(since start: ContinuousTime) -> Double {
        start.duration(to: SystemTimeSource().now) / .seconds(1)
    }
}
