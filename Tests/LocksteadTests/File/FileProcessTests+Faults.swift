import Glibc
import Lockstead
import TestProcesses
import Testing

extension FileProcessTests {
    @Test("A dead reader is not kept alive by a living one (R12)")
    func deadReader() async throws {
        let fixture = try FileFixture()
        let dead = try HolderProcess(fixture.path, "doc", "--shared", "--lease=60000")
        _ = try await dead.token()
        let living = try HolderProcess(fixture.path, "doc", "--shared", "--lease=60000")
        _ = try await living.token()
        dead.destroy()
        let backend = try fixture.backend()
        let name = try LockName("doc")
        #expect(
            try await backend.inspect(name, deadline: fixture.soon)?.holders.map(\.note.processID) == [living.processID]
        )
        async let writer = backend.acquire(try fixture.request("doc", wait: .until(fixture.soon)))
        try await fixture.awaitWaiters(1, "doc", backend)
        living.say("release")
        _ = try granted(try await writer)
    }

    @Test("Dead waiters are skipped without delay; a living one keeps its place (R26, R32)")
    func deadWaiters() async throws {
        let fixture = try FileFixture()
        let backend = try fixture.backend()
        let held = try granted(try await backend.acquire(try fixture.request("job")))
        var queue: [HolderProcess] = []
        for count in 1...4 {
            queue.append(try HolderProcess(fixture.path, "job", "--wait", "--lease=60000"))
            try await fixture.awaitWaiters(count, "job", backend)
        }
        for dead in queue[..<3] { dead.destroy() }
        let start = fixture.time.now
        #expect(try await backend.release(held, deadline: fixture.soon) == .released)
        #expect(try await queue[3].token() > held.token)
        #expect(start.duration(to: fixture.time.now) < .milliseconds(900))
    }

    @Test(
        "A waiter stopped past its own lease is not granted; when it goes on, its wait ends without the lock (R3, R4)")
    func stoppedWaiter() async throws {
        let fixture = try FileFixture()
        let backend = try fixture.backend()
        let held = try granted(try await backend.acquire(try fixture.request("job")))
        let waiter = try HolderProcess(fixture.path, "job", "--wait", "--lease=1000")
        try await fixture.awaitWaiters(1, "job", backend)
        waiter.signal(SIGSTOP)
        // Its lease runs out: the queue is seen to be empty.
        try await fixture.awaitWaiters(0, "job", backend)
        #expect(try await backend.release(held, deadline: fixture.soon) == .released)
        let next = try granted(try await backend.acquire(try fixture.request("job")))
        waiter.signal(SIGCONT)
        #expect(try await waiter.line(starting: "failed") == "failed leaseLost didNotHappen")
        #expect(
            try await backend.inspect(try LockName("job"), deadline: fixture.soon)?.holders.map(\.token) == [next.token]
        )
    }

    @Test("A waiter stopped while it is granted: the grant it finds after its lease is not reported (R3)")
    func stoppedWhileGranted() async throws {
        let fixture = try FileFixture()
        let backend = try fixture.backend()
        let held = try granted(try await backend.acquire(try fixture.request("job")))
        let waiter = try HolderProcess(fixture.path, "job", "--wait", "--lease=1000")
        try await fixture.awaitWaiters(1, "job", backend)
        waiter.signal(SIGSTOP)
        #expect(try await backend.release(held, deadline: fixture.soon) == .released)
        let next = try granted(try await backend.acquire(try fixture.request("job", wait: .until(fixture.soon))))
        waiter.signal(SIGCONT)
        #expect(try await waiter.line(starting: "failed") == "failed leaseLost didNotHappen")
        #expect(next.token > held.token)
    }

    @Test("A process stopped inside its critical section over the state stops nobody beyond their deadline (L5)")
    func jammed() async throws {
        let fixture = try FileFixture()
        let backend = try fixture.backend()
        let held = try granted(try await backend.acquire(try fixture.request("job")))
        let jam = try HolderProcess(fixture.path, "job", "--jam")
        #expect(try await jam.line() == "jammed")
        jam.signal(SIGSTOP)
        let deadline = fixture.time.now.advanced(by: .milliseconds(200))
        let error = await #expect(throws: LockError.self) {
            _ = try await backend.acquire(try fixture.request("job", wait: .until(deadline)))
        }
        #expect(error?.code == .engineUnavailable && error?.effect == .didNotHappen)
        #expect(error?.message.contains("fuser") == true, "it says what to do")
        // L5 allows 100 ms; the rest is for a machine that has more to do.
        #expect(deadline.duration(to: fixture.time.now) < .milliseconds(100) + .milliseconds(500))
        guard
            case .unknown? = await backend.renew([held], deadline: fixture.time.now.advanced(by: .milliseconds(50)))
                .first
        else {
            Issue.record("a renewal that could not look says so")
            return
        }
        jam.destroy()
        guard case .renewed? = await backend.renew([held], deadline: fixture.soon).first else {
            Issue.record("nothing was lost")
            return
        }
    }

    @Test(
        "A child that inherited the lifeline keeps the lock after its parent was killed, until it is gone too (RULES 29)"
    )
    func inheritedLifeline() async throws {
        let fixture = try FileFixture()
        let holder = try HolderProcess(fixture.path, "job", "--child", "--lease=60000")
        let token = try await holder.token()
        let line = try await holder.line(starting: "child ")
        let child = try #require(pid_t(line.dropFirst(6)))
        defer { kill(child, SIGKILL) }
        holder.destroy()
        let backend = try fixture.backend()
        guard case .busy = try await backend.acquire(try fixture.request("job")) else {
            Issue.record("granted while the child lives")
            return
        }
        async let outcome = backend.acquire(try fixture.request("job", wait: .until(fixture.soon)))
        try await fixture.awaitWaiters(1, "job", backend)
        let killed = fixture.time.now
        kill(child, SIGKILL)
        #expect(try granted(try await outcome).token > token)
        let waited = killed.duration(to: fixture.time.now)
        #expect(waited < .seconds(10), "its lease is a minute")
        // A waiter that had not lain down yet sees the end at its first glance, and no event has to wake it.
        #expect(backend.wakeUps >= 1 || waited < .seconds(1), "not its fallback timer woke the waiter")
    }

    @Test("After a killed holder the lock-delay keeps the lock closed; after a clean release it does not (S10)")
    func lockDelay() async throws {
        let fixture = try FileFixture()
        let backend = try fixture.backend()
        let holder = try HolderProcess(fixture.path, "job", "--lock-delay=700", "--lease=60000")
        _ = try await holder.token()
        holder.destroy()
        let killed = fixture.time.now
        let grant = try granted(try await backend.acquire(try fixture.request("job", wait: .until(fixture.soon))))
        let waited = killed.duration(to: fixture.time.now)
        #expect(waited >= .milliseconds(700) && waited < .seconds(10), "\(waited)")
        _ = try await backend.release(grant, deadline: fixture.soon)
        let clean = try HolderProcess(fixture.path, "job", "--lock-delay=60000")
        _ = try await clean.token()
        clean.say("release")
        #expect(try await clean.line() == "released")
        _ = try granted(try await backend.acquire(try fixture.request("job")))
    }
}
