import Lockstead

// The prize handed from one to the next.
extension Stage {
    /// Writes and gives the prize back.
    func leave(_ worker: WorkerProcess) async throws {
        for order in ["write \(Self.prize)", "leave \(Self.prize)"] { worker.say(order) }
        _ = try await worker.hear("left \(Self.prize)")
    }

    /// L3: whoever is next hears of it within a second.
    func checkIsNext(_ worker: WorkerProcess, since start: ContinuousTime, _ what: String) async throws {
        _ = try await worker.hear("inside \(Self.prize)", within: .seconds(5))
        let took = start.duration(to: time.now)
        check(took <= .seconds(1), "\(what) within \(took.milliseconds) ms (at most 1000)")
    }

    /// One holds, two wait, one after the other; the crowd of the middle one rests, since all that a client holds rests on one session.
    func line() async throws {
        for worker in workers {
            worker.say("hold \(Self.prize)")
            try await pass(.milliseconds(300))
        }
        _ = try await workers[0].hear("inside \(Self.prize)")
        for worker in [workers[0], workers[2]] { worker.say("work") }
        try await pass(.milliseconds(500))
    }

    /// What becomes of a waiter whose session is ended by hand: it is told so, stands behind when it asks anew, and the one behind it goes
    /// past (R3, R4).
    ///
    /// - Parameter end: Ends the session.
    /// - Throws: Where a worker does not say what it must.
    func loseWaiter(_ end: () async throws -> Void) async throws {
        let (holder, waiter, last) = (workers[0], workers[1], workers[2])
        begin("end session", "worker 1")
        strike()
        let ended = time.now
        try await end()
        let told = try await waiter.hear("failed to hold \(Self.prize)", within: .seconds(5))
        let took = ended.duration(to: time.now)
        check(took <= .seconds(1), "who waited was told after \(took.milliseconds) ms: \(told)")
        waiter.say("hold \(Self.prize)")
        try await Aftermath.await(self)
        try await leave(holder)
        try await checkIsNext(last, since: time.now, "the lock goes past the lost request")
        check(!waiter.hasSaid("inside \(Self.prize)"), "the one that asked anew stands behind")
        try await leave(last)
        try await checkIsNext(waiter, since: time.now, "then it is granted to the one that asked anew")
        cease("end session")
    }

    /// What becomes of a holder whose session is ended by hand: the next one has the lock at once, and the old one is told.
    func loseHolder(_ end: () async throws -> Void) async throws {
        begin("end session", "worker 0")
        strike()
        let ended = time.now
        try await end()
        try await checkIsNext(workers[1], since: ended, "the next one is granted the lock")
        _ = try await workers[0].hear("lost \(Self.prize)", within: lease)
        let took = ended.duration(to: time.now)
        check(took <= lease / 2, "the holder knows its loss after \(took.milliseconds) ms")
        try await Outcast.isRefused(self)
        cease("end session")
    }
}
