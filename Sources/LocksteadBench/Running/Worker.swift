import Lockstead

/// One client of a run at work.
struct Worker: Sendable {
    let run: BenchRun
    let number: Int
    let client: LockClient

    private var time: SystemTimeSource { run.time }
    private var place: Int { run.names.count == 1 ? 0 : number }
    var name: LockName { run.names[place] }
    var witness: Witness { run.witnesses[place] }
    private var purpose: String { String(repeating: "x", count: run.workload.payload) }

    /// Acquire, hold, release, think, and so on.
    func loop() async -> Tally {
        var tally = Tally()
        let (bounds, purpose) = (run.timeline.bounds, purpose)
        while time.now < bounds.until {
            let isMeasured = time.now >= bounds.from
            do {
                let pair = try await pair(purpose) { client, name in
                    try await client.acquire(name, waitingAtMost: .seconds(30), purpose: purpose)
                }
                if isMeasured, let pair { tally.count(pair) }
            } catch {
                if isMeasured { tally.failures += 1 }
            }
            // Only cancellation ends a sleep early, and the loop ends with the window.
            if run.workload.think > .zero { try? await time.sleep(until: time.now.advanced(by: run.workload.think)) }
        }
        return tally
    }

    /// One acquisition and its release; `nil` where it was not free and the way of acquiring does not wait.
    private func pair(
        _ purpose: String, _ acquire: (LockClient, LockName) async throws -> HeldLock?
    ) async throws -> Pair? {
        let asked = time.now
        guard let lock = try await acquire(client, name) else { return nil }
        let granted = time.now
        let entry = witness.enter(number, lock.lease.token)
        // A cancelled run is over; its lock is released like any other.
        if run.workload.hold > .zero { try? await time.sleep(until: time.now.advanced(by: run.workload.hold)) }
        let released = time.now
        witness.leave(number, at: released)
        try await lock.release()
        return Pair(asked: asked, granted: granted, released: released, done: time.now, entry: entry)
    }

    /// Waits for the other client's releases in one of three ways.
    func awaitRelease(by way: Workload.Way) async -> Tally {
        switch way {
        case .notification: await loop()
        case .polling: await polling()
        case .stream: await streaming()
        }
    }

    private func polling() async -> Tally {
        var tally = Tally()
        let bounds = run.timeline.bounds
        while time.now < bounds.until {
            do {
                let pair = try await pair("") { client, name in try await patiently(client, name, until: bounds.until) }
                if let pair, pair.asked >= bounds.from { tally.count(pair) }
            } catch {
                tally.failures += 1
            }
        }
        return tally
    }

    private func patiently(
        _ client: LockClient, _ name: LockName, until end: ContinuousTime
    ) async throws -> HeldLock? {
        while time.now < end {
            if let lock = try await client.tryAcquire(name) { return lock }
            try await time.sleep(until: time.now.advanced(by: .seconds(1)))
        }
        return nil
    }

    private func streaming() async -> Tally {
        var tally = Tally()
        let bounds = run.timeline.bounds
        do {
            for try await change in client.changes(prefix: name.text) {
                if time.now >= bounds.until { break }
                guard case .released = change.kind else { continue }
                let pair = try await pair("") { client, name in try await client.tryAcquire(name) }
                if let pair, pair.asked >= bounds.from { tally.count(pair) }
            }
        } catch {
            tally.failures += 1
        }
        return tally
    }
}

/// One acquisition and its release, in readings of the clock.
struct Pair: Sendable {
    let asked: ContinuousTime
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
