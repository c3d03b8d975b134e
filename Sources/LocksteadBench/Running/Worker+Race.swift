import Lockstead

extension Worker {
    /// Rounds in which all try one free name at once: exactly one may win, and a round takes until the last is answered.
    ///
    /// The first client counts for all: a pair is a round, and its acquire time that of the whole round.
    func race() async -> Tally {
        var tally = Tally()
        let bounds = run.timeline.bounds
        while true {
            let start = await run.barrier.arrive()
            guard start.time < bounds.until else { return tally }
            let lock = await tryOnce(&tally)
            let end = await run.barrier.arrive(bringing: lock == nil ? 0 : 1)
            if let lock { await giveBack(lock, &tally) }
            guard number == 0, start.time >= bounds.from else { continue }
            tally.pairs += 1
            tally.acquire.record(nanoseconds: end.time.nanoseconds - start.time.nanoseconds)
            if end.sum != 1 { witness.fail() }
        }
    }

    private func tryOnce(_ tally: inout Tally) async -> HeldLock? {
        do {
            guard let lock = try await client.tryAcquire(name) else { return nil }
            _ = witness.enter(number, lock.lease.token)
            return lock
        } catch {
            tally.fail(error)
            return nil
        }
    }

    private func giveBack(_ lock: HeldLock, _ tally: inout Tally) async {
        let released = run.time.now
        witness.leave(number, at: released)
        do {
            try await lock.release()
            tally.release.record(nanoseconds: run.time.now.nanoseconds - released.nanoseconds)
        } catch {
            tally.fail(error)
        }
    }
}
