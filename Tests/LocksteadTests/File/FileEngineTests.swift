import Glibc
import Lockstead
import LocksteadTesting
import Logging
import TestProcesses
import Testing

@Suite("File engine", .timeLimit(.minutes(1)))
struct FileEngineTests {
    let fixture: FileFixture

    init() throws { fixture = try FileFixture() }

    @Test("Readers share, a writer waits for all of them, and every grant's token is higher (S1, S2)")
    func readersAndWriter() async throws {
        let (one, two) = (try fixture.backend(), try fixture.backend())
        let first = try granted(try await one.acquire(try fixture.request("doc", mode: .shared)))
        let second = try granted(try await two.acquire(try fixture.request("doc", mode: .shared)))
        #expect(second.token > first.token)
        let writer = try fixture.request("doc", wait: .until(fixture.soon))
        async let outcome = two.acquire(writer)
        try await fixture.awaitWaiters(1, "doc", one)
        guard case .busy = try await one.acquire(try fixture.request("doc", mode: .shared)) else {
            Issue.record("a reader overtook the waiting writer")
            return
        }
        #expect(try await one.release(first, deadline: fixture.soon) == .released)
        #expect(try await two.release(second, deadline: fixture.soon) == .released)
        #expect(try granted(try await outcome).token > second.token)
    }

    @Test("A semaphore gives out its permits and no more; another size is refused")
    func permits() async throws {
        let backend = try fixture.backend()
        let mode = LockMode.permits(count: 1, limit: 2)
        let grants = [
            try granted(try await backend.acquire(try fixture.request("pool", mode: mode))),
            try granted(try await backend.acquire(try fixture.request("pool", mode: mode))),
        ]
        guard case .busy = try await backend.acquire(try fixture.request("pool", mode: mode)) else {
            Issue.record("a third permit of two")
            return
        }
        let error = await #expect(throws: LockError.self) {
            _ = try await backend.acquire(try self.fixture.request("pool", mode: .permits(count: 1, limit: 3)))
        }
        #expect(error?.code == .kindMismatch)
        #expect(try await backend.release(grants[0], deadline: fixture.soon) == .released)
        _ = try granted(try await backend.acquire(try fixture.request("pool", mode: mode)))
    }

    @Test("A late or repeated release frees nobody else's grant (R17, R18)")
    func staleRelease() async throws {
        let backend = try fixture.backend()
        let old = try granted(try await backend.acquire(try fixture.request("job")))
        #expect(try await backend.release(old, deadline: fixture.soon) == .released)
        let other = try fixture.backend()
        let new = try granted(try await other.acquire(try fixture.request("job")))
        guard case .lost = try await backend.release(old, deadline: fixture.soon) else {
            Issue.record("released twice")
            return
        }
        #expect(
            try await backend.inspect(try LockName("job"), deadline: fixture.soon)?.holders.map(\.token) == [new.token])
    }

    @Test("A release under the old token spares the grant that was handed over in the same session (R18)")
    func releaseAfterHandOver() async throws {
        let backend = try fixture.backend()
        let old = try granted(try await backend.acquire(try fixture.request("job")))
        let new = try #require(try await backend.handOver(old, to: try fixture.request("job")))
        #expect(new.token > old.token)
        guard case .lost = try await backend.release(old, deadline: fixture.soon) else {
            Issue.record("the old grant was still there")
            return
        }
        guard case .renewed? = await backend.renew([new], deadline: fixture.soon).first else {
            Issue.record("the new grant is gone")
            return
        }
        #expect(try await backend.release(new, deadline: fixture.soon) == .released)
        #expect(try await backend.inspect(try LockName("job"), deadline: fixture.soon) == nil)
    }

    @Test("A hand-over yields to a waiter of another process, and its belief counts from the hand-over (RULES 2, 9)")
    func handOver() async throws {
        let clock = ManualClock()
        let fixture = try FileFixture(time: clock)
        let (backend, other) = (try fixture.backend(), try fixture.backend())
        let old = try granted(try await backend.acquire(try fixture.request("job", lease: .seconds(10))))
        clock.advance(by: .seconds(9))
        let new = try #require(try await backend.handOver(old, to: try fixture.request("job", lease: .seconds(10))))
        clock.advance(by: .seconds(8))
        guard case .busy = try await other.acquire(try fixture.request("job")) else {
            Issue.record("the lease was counted from the old grant")
            return
        }
        async let waiting = other.acquire(try fixture.request("job", wait: .forever))
        try await fixture.awaitWaiters(1, "job", backend)
        #expect(try await backend.handOver(new, to: try fixture.request("job", lease: .seconds(10))) == nil)
        #expect(try await backend.release(new, deadline: fixture.soon) == .released)
        #expect(try granted(try await waiting).token > new.token)
    }

    @Test("A cancelled waiter leaves the queue, and a grant that crosses is given back (R26, R27)")
    func cancelledWaiter() async throws {
        let backend = try fixture.backend()
        let held = try granted(try await backend.acquire(try fixture.request("job")))
        let request = try fixture.request("job", wait: .forever)
        // This test is its owner: it cancels it and awaits its end.
        let waiter = Task { try await backend.acquire(request) }
        try await fixture.awaitWaiters(1, "job", backend)
        waiter.cancel()
        let error = await #expect(throws: LockError.self) { _ = try await waiter.value }
        #expect(error?.code == .cancelled)
        try await fixture.awaitWaiters(0, "job", backend)
        #expect(try await backend.release(held, deadline: fixture.soon) == .released)
        #expect(try await backend.inspect(try LockName("job"), deadline: fixture.soon) == nil)
        #expect(try fixture.folder.entries().allSatisfy { $0.hasSuffix(".state") }, "every lifeline is removed")
    }

    @Test("A wait ends at its deadline, not later, with the holder's name (L5)")
    func timedOut() async throws {
        let clock = ManualClock()
        let fixture = try FileFixture(time: clock)
        let backend = try fixture.backend()
        let held = try granted(try await backend.acquire(try fixture.request("job", purpose: "long work")))
        let deadline = clock.now.advanced(by: .milliseconds(120))
        async let outcome = backend.acquire(try fixture.request("job", wait: .until(deadline)))
        await clock.waitForSleepers(1)
        clock.advance(by: .milliseconds(120))
        guard case .busy(let description?) = try await outcome else {
            Issue.record("not busy")
            return
        }
        #expect(clock.now == deadline, "no more time than that had to pass")
        #expect(
            description.holders.first?.token == held.token && description.holders.first?.note.purpose == "long work")
        #expect(description.waiterCount == 0)
    }

    @Test("A release while the next one begins to wait is never missed (R28)")
    func releaseBetween() async throws {
        let (one, two) = (try fixture.backend(), try fixture.backend())
        for _ in 0..<100 {
            let held = try granted(try await one.acquire(try fixture.request("job", wait: .until(fixture.soon))))
            async let next = two.acquire(try fixture.request("job", wait: .until(fixture.soon)))
            #expect(try await one.release(held, deadline: fixture.soon) == .released)
            let grant = try granted(try await next)
            #expect(try await two.release(grant, deadline: fixture.soon) == .released)
        }
    }

    @Test("Where files cannot be watched, the fallback timer grants within a second (R29, L3)")
    func fallbackTimer() async throws {
        let blind = try FileBackend(
            FileEngine(folder: fixture.path), EngineContext(logger: Logger(label: "test"), time: fixture.time),
            isWatching: false)
        let backend = try fixture.backend()
        let held = try granted(try await backend.acquire(try fixture.request("job")))
        async let outcome = blind.acquire(try fixture.request("job", wait: .until(fixture.soon)))
        try await fixture.awaitWaiters(1, "job", backend)
        let released = fixture.time.now
        #expect(try await backend.release(held, deadline: fixture.soon) == .released)
        _ = try granted(try await outcome)
        #expect(released.duration(to: fixture.time.now) <= .milliseconds(1100))
        #expect(blind.wakeUps == 0)
    }

    @Test("A lease that runs out wakes the waiter at that time, not before (S3) and not a fallback later (R30)")
    func expiryWakes() async throws {
        let clock = ManualClock()
        let fixture = try FileFixture(time: clock)
        let (one, two) = (try fixture.backend(), try fixture.backend())
        let held = try granted(try await one.acquire(try fixture.request("job", lease: .milliseconds(1400))))
        let end = clock.now.advanced(by: .milliseconds(1400))
        async let outcome = two.acquire(try fixture.request("job", wait: .forever))
        await clock.waitForSleepers(1)
        clock.advance(by: .seconds(1))
        await clock.waitForSleepers(1)
        let alarm = try #require(clock.nextDeadline)
        #expect(
            alarm >= end && alarm <= end.advanced(by: .milliseconds(50)), "the next look is at the end of the lease")
        clock.advance(by: .milliseconds(399))
        #expect(try await two.inspect(try LockName("job"), deadline: fixture.soon)?.holders.first?.token == held.token)
        clock.advance(by: .milliseconds(51))
        #expect(try granted(try await outcome).token > held.token)
    }

    @Test("With many waiters, one release wakes one of them (R31), and each hand-over takes no fixed pause (R33)")
    func oneWake() async throws {
        let holder = try fixture.backend()
        let held = try granted(try await holder.acquire(try fixture.request("job")))
        let waiters = try (0..<12).map { _ in try fixture.backend() }
        try await withThrowingTaskGroup(of: (Int, Grant).self) { group in
            for (place, backend) in waiters.enumerated() {
                let request = try fixture.request("job", wait: .until(fixture.soon))
                group.addTask { (place, try granted(try await backend.acquire(request))) }
                try await fixture.awaitWaiters(place + 1, "job", holder)
            }
            let before = waiters.map { $0.wakeUps }
            let start = fixture.time.now
            #expect(try await holder.release(held, deadline: fixture.soon) == .released)
            var last = held.token
            for expected in waiters.indices {
                let (place, grant) = try #require(try await group.next())
                #expect(place == expected, "S9: in order of arrival")
                #expect(grant.token > last)
                last = grant.token
                if expected == 0 {
                    let woken = zip(before, waiters).count { $1.wakeUps > $0 }
                    #expect(woken == 1, "one release woke \(woken) of 12")
                }
                #expect(try await waiters[place].release(grant, deadline: fixture.soon) == .released)
            }
            let each = start.duration(to: fixture.time.now) / 12
            #expect(each < .milliseconds(100), "a hand-over took \(each)")
        }
    }

    @Test("Fifty increments of a counter by eight engines give fifty (S1)")
    func counter() async throws {
        let counter = try OpenFile.open(fixture.folder.path(of: "counter"), O_RDWR | O_CREAT)
        try counter.write([0], at: 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                let backend = try fixture.backend()
                group.addTask { [fixture] in
                    for _ in 0..<(number < 2 ? 7 : 6) {
                        let request = try fixture.request("counter", wait: .until(fixture.soon))
                        let grant = try granted(try await backend.acquire(request))
                        let value = try counter.read(at: 0, count: 1)[0]
                        await Task.yield()
                        try counter.write([value + 1], at: 0)
                        #expect(try await backend.release(grant, deadline: fixture.soon) == .released)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try counter.read(at: 0, count: 1) == [50])
    }

    @Test("A forced release is told to the holder at once; the next grant waits for its acknowledgement (RULES 19)")
    func forcedRelease() async throws {
        let (backend, operator_) = (try fixture.backend(), try fixture.backend())
        let notices = backend.notices()
        let held = try granted(try await backend.acquire(try fixture.request("job")))
        let name = try LockName("job")
        let forced = try await operator_.forceRelease(name, reason: "stuck", now: false, deadline: fixture.soon)
        #expect(forced.revoked == [held.token] && !forced.waivedExclusion && forced.waitsAtMost > .seconds(20))
        var told = notices.makeAsyncIterator()
        guard case .lost(held.request, .revoked("stuck"))? = await told.next() else {
            Issue.record("not told")
            return
        }
        guard case .lost(.revoked("stuck"))? = await backend.renew([held], deadline: fixture.soon).first else {
            Issue.record("a revoked grant was renewed")
            return
        }
        guard case .busy = try await operator_.acquire(try fixture.request("job")) else {
            Issue.record("granted before the holder acknowledged")
            return
        }
        _ = try await backend.release(held, deadline: fixture.soon)
        let next = try granted(try await operator_.acquire(try fixture.request("job")))
        let waived = try await backend.forceRelease(name, reason: "now", now: true, deadline: fixture.soon)
        #expect(waived.revoked == [next.token] && waived.waivedExclusion && waived.waitsAtMost == .zero)
        _ = try granted(try await backend.acquire(try fixture.request("job")))
    }

    @Test("Changes tell every step of a lock's life, in order, whoever takes it")
    func changes() async throws {
        let (watcher, backend) = (try fixture.backend(), try fixture.backend())
        _ = try granted(try await backend.acquire(try fixture.request("a/before")))
        var changes = watcher.changes(prefix: "a/").makeAsyncIterator()
        // The starting point is noted before any later call of the same engine.
        #expect(try await watcher.inspect(try LockName("a/none"), deadline: fixture.soon) == nil)
        let first = try granted(try await backend.acquire(try fixture.request("a/1", purpose: "p")))
        _ = try granted(try await backend.acquire(try fixture.request("b/1")))
        _ = try await backend.release(first, deadline: fixture.soon)
        let granted = try #require(try await changes.next())
        #expect(granted.kind == .granted && granted.token == first.token && granted.note.purpose == "p")
        #expect(try await changes.next()?.kind == .released)
        let holder = try HolderProcess(fixture.path, "a/1", "--lease=60000")
        let token = try await holder.token()
        #expect(try await changes.next()?.token == token)
        holder.destroy()
        let expired = try #require(try await changes.next())
        #expect(expired.kind == .expired && expired.token == token, "a death that nobody waited for is told")
    }

    @Test("Lists and descriptions show what is held, by name, and nothing that is free")
    func views() async throws {
        let fixture = try FileFixture(time: ManualClock())
        let backend = try fixture.backend()
        for name in ["b", "a/2", "a/1"] { _ = try granted(try await backend.acquire(try fixture.request(name))) }
        let free = try granted(try await backend.acquire(try fixture.request("a/3")))
        _ = try await backend.release(free, deadline: fixture.soon)
        #expect(
            try await backend.list(prefix: "", limit: 10, deadline: fixture.soon).map(\.name.text) == [
                "a/1", "a/2", "b",
            ])
        #expect(try await backend.list(prefix: "a/", limit: 1, deadline: fixture.soon).map(\.name.text) == ["a/1"])
        let holder = try await backend.list(prefix: "b", limit: 9, deadline: fixture.soon).first?.holders.first
        #expect(holder?.remaining == .seconds(30))
    }
}
