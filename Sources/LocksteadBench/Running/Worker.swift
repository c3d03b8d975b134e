import Lockstead

/// One client of a run at work.
struct Worker: Sendable {
    let run: BenchRun
    let number: Int
    let client: LockClient

    var time: SystemTimeSource { run.time }
    /// Of two who wait for each other's release, only the first holds.
    private var hold: Duration {
        if case .wait = run.workload.shape, number > 0 { .zero } else { run.workload.hold }
    }
    private var place: Int { run.names.count == 1 ? 0 : number }
    var name: LockName { run.names[place] }
    var witness: Witness { run.witnesses[place] }
    private var purpose: String { String(repeating: "x", count: run.workload.payload) }

    /// Acquire, hold, release, think, and so on.
    func loop() async -> Tally {
        var tally = Tally()
        let (bounds, purpose) = (run.timeline.bounds, purpose)
        var rounds = 0
        while time.now < bounds.until {
            rounds += 1
            // Where nothing ever suspends, a task would keep its thread, and the others would never run.
            if rounds.isMultiple(of: 64) { await Task.yield() }
            let isMeasured = time.now >= bounds.from
            do {
                let pair = try await pair(purpose) { client, name in
                    try await client.acquire(
                        name, waitingAtMost: .seconds(30), spinning: run.workload.spinning,
                        purpose: purpose)
                }
                if isMeasured, let pair { tally.count(pair) }
            } catch {
                if isMeasured { tally.fail(error) }
            }
            // Only cancellation ends a sleep early, and the loop ends with the window.
            if run.workload.think > .zero { try? await time.sleep(until: time.now.advanced(by: run.workload.think)) }
        }
        return tally
    }

    /// One acquisition and its release; `nil` where it was not free and the way of acquiring does not wait.
    func pair(
        _ purpose: String, _ acquire: (LockClient, LockName) async throws -> HeldLock?
    ) async throws -> Pair? {
        let asked = time.now
        guard let lock = try await acquire(client, name) else { return nil }
        let granted = time.now
        let entry = witness.enter(number, lock.lease.token)
        // A cancelled run is over; its lock is released like any other.
        if hold > .zero { try? await time.sleep(until: time.now.advanced(by: hold)) }
        let released = time.now
        witness.leave(number, at: released)
        try await lock.release()
        return Pair(asked: asked, granted: granted, released: released, done: time.now, entry: entry)
    }
}

/// One acquisition and its release, in readings of the clock.
struct Pair: Sendable {
    /// Since when it was wanted.
    var asked: ContinuousTime
    let granted: ContinuousTime
    let released: ContinuousTime
    let done: ContinuousTime
    let entry: Witness.Entry
}

extension Tally {
    mutating func count(_ pair: Pair) {
        pairs += 1
        acquire.record(nanoseconds: pair.granted.nanoseconds - pair.asked.nanoseconds)
        release.record(nanoseconds: pair.done.nanoseconds - pair.released.nanoseconds)
        if pair.entry.isRetaken { retaken += 1 }
        // Only who waited by then was handed anything over.
        guard let before = pair.entry.releasedAt, !pair.entry.isRetaken, before > pair.asked else { return }
        handOver.record(nanoseconds: pair.granted.nanoseconds - before.nanoseconds)
    }
}
