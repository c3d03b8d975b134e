import Lockstead
import Synchronization

/// What the system takes for a hand-over by itself: the least fair lock there can be.
///
/// Under the same load as ``CrowdProbe/handOvers(tasks:rounds:)``, but without names, tokens, deadlines, priorities or sessions.
package enum FloorProbe {
    /// Tasks that want one lock all the time.
    package static func handOvers(tasks: Int, rounds: Int) async -> CrowdProbe.Finding {
        let (lock, time) = (LeastLock(), SystemTimeSource())
        await lock.acquire()
        return await withTaskGroup(of: Void.self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    for _ in 0..<(rounds / tasks) {
                        await lock.acquire()
                        lock.release()
                    }
                }
            }
            // Once all wait, each turn is a hand-over.
            while lock.waiters < tasks { await Task.yield() }
            let start = time.now
            lock.release()
            await group.waitForAll()
            return CrowdProbe.Finding(
                releases: rounds / tasks * tasks, resumptions: lock.resumptions,
                seconds: start.duration(to: time.now) / .seconds(1))
        }
    }
}

/// A mutex around a flag and a queue of those who wait; cancellation is noticed and does nothing.
private final class LeastLock: Sendable {
    private struct State {
        var isHeld = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        /// Those before it are served.
        var first = 0
        var resumptions = 0

        mutating func take() -> Bool {
            defer { isHeld = true }
            return !isHeld
        }

        mutating func next() -> CheckedContinuation<Void, Never>? {
            guard first < waiting.count else {
                isHeld = false
                return nil
            }
            defer { first += 1 }
            resumptions += 1
            if first >= 64 {
                waiting.removeFirst(first)
                first = 0
            }
            return waiting[first]
        }
    }

    private let state = Mutex(State())

    var waiters: Int { state.withLock { $0.waiting.count - $0.first } }
    var resumptions: Int { state.withLock { $0.resumptions } }

    func acquire() async {
        guard !state.withLock({ $0.take() }) else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    if state.take() { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if isFree { continuation.resume() }
            }
        } onCancel: {
            _ = resumptions
        }
    }

    func release() { state.withLock { $0.next() }?.resume() }
}
