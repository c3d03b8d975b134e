import Lockstead
import LocksteadTesting
import Logging
import Testing

@Suite("InProcessBackend", .timeLimit(.minutes(1)))
struct InProcessBackendTests {
    let fixture = InProcessFixture()
    var backend: InProcessBackend { fixture.backend }
    var now: ContinuousTime { fixture.clock.now }

    @Test("A grant cannot run out, and its token continues from the wall clock's microseconds (RULES 7)")
    func grant() async throws {
        let request = try fixture.request("a")
        let grant = try await fixture.grant(request)
        #expect(grant.validity == .unlimited)
        #expect(grant.holdLimit == nil)
        #expect(grant.token.rawValue >= UInt64(fixture.clock.wallClockNanoseconds / 1_000))
        #expect(grant.guarantee.satisfies(.fenced))
    }

    @Test("Acquire and release work before run, and a release grants the next waiter")
    func beforeRun() async throws {
        let first = try await fixture.grant(fixture.request("a"))
        let second = try fixture.request("a")
        async let next = fixture.grant(second)
        try await fixture.waitForWaiters(1, of: "a")
        #expect(try await backend.release(first, deadline: now) == .released)
        #expect(try await next.token > first.token)
    }

    @Test("The next timer is slept for, and an earlier one that comes later wakes the sleeper")
    func timers() async throws {
        let held = try await fixture.grant(fixture.request("a"))
        try await fixture.running {
            let late = try fixture.request("a", wait: .until(now.advanced(by: .seconds(10))))
            let early = try fixture.request("a", wait: .until(now.advanced(by: .seconds(2))))
            async let lateOutcome = backend.acquire(late)
            try await fixture.waitForWaiters(1, of: "a")
            await fixture.clock.waitForSleepers(1)
            async let earlyOutcome = backend.acquire(early)
            try await fixture.waitForWaiters(2, of: "a")
            while fixture.clock.nextDeadline != now.advanced(by: .seconds(2)) { await Task.yield() }
            fixture.clock.advance(by: .seconds(2))
            #expect(try await isBusy(earlyOutcome, token: held.token))
            while fixture.clock.nextDeadline == nil { await Task.yield() }
            fixture.clock.advanceToNextDeadline()
            #expect(try await isBusy(lateOutcome, token: held.token))
        }
    }

    func isBusy(_ outcome: AcquireOutcome, token: FencingToken) -> Bool {
        guard case .busy(let description?) = outcome else { return false }
        return description.holders.map(\.token) == [token]
    }

    @Test("The cap on the total hold ends a grant without a call, and its holder is told (R16)")
    func holdLimit() async throws {
        var notices = backend.notices().makeAsyncIterator()
        try await fixture.running {
            let request = try fixture.request("a", terms: HoldTerms(maximumHold: .seconds(5)))
            let held = try await fixture.grant(request)
            #expect(held.holdLimit == now.advanced(by: .seconds(5)))
            let waiting = try fixture.request("a")
            async let next = fixture.grant(waiting)
            try await fixture.waitForWaiters(1, of: "a")
            await fixture.clock.waitForSleepers(1)
            fixture.clock.advance(by: .seconds(5))
            #expect(try await next.token > held.token)
            #expect(try await backend.release(held, deadline: now) == .lost(.superseded))
        }
        guard case .lost(_, .holdLimit)? = await notices.next() else {
            Issue.record("no notice of the end")
            return
        }
    }

    @Test("A cancelled wait throws cancelled, leaves the queue, and lets the next one in (R26, R27)")
    func cancelWait() async throws {
        let held = try await fixture.grant(fixture.request("a"))
        let doomed = try fixture.request("a")
        let patient = try fixture.request("a")
        let task = Task { try await backend.acquire(doomed) }  // owned and awaited by this test
        try await fixture.waitForWaiters(1, of: "a")
        async let next = fixture.grant(patient)
        try await fixture.waitForWaiters(2, of: "a")
        task.cancel()
        await #expect { try await task.value } throws: { ($0 as? LockError)?.code == .cancelled }
        try await fixture.waitForWaiters(1, of: "a")
        _ = try await backend.release(held, deadline: now)
        #expect(try await next.request == patient.id)
    }

    @Test("An acquire in a task that is cancelled already asks for nothing (R27)")
    func cancelledBefore() async throws {
        let request = try fixture.request("a")
        let task = Task {  // owned and awaited by this test
            while !Task.isCancelled { await Task.yield() }
            return try await backend.acquire(request)
        }
        task.cancel()
        await #expect { try await task.value } throws: { ($0 as? LockError)?.code == .cancelled }
        #expect(try await backend.inspect(try LockName("a"), deadline: now) == nil)
    }

    @Test("A repeated waiting request attaches to its waiter: one place in the queue, one grant, both callers told")
    func attach() async throws {
        let held = try await fixture.grant(fixture.request("a"))
        let request = try fixture.request("a")
        async let one = fixture.grant(request)
        async let two = fixture.grant(request)
        try await fixture.waitForWaiters(1, of: "a")
        // Whether the second caller is there yet or comes after the grant, it gets the same one.
        _ = try await backend.release(held, deadline: now)
        let grants = try await [one, two]
        #expect(grants[0] == grants[1])
        #expect(try await backend.release(grants[0], deadline: now) == .released)
    }

    @Test("A cancelled caller of two leaves the other one waiting")
    func cancelOneOfTwo() async throws {
        let held = try await fixture.grant(fixture.request("a"))
        let request = try fixture.request("a")
        let doomed = Task { try await backend.acquire(request) }  // owned and awaited by this test
        try await fixture.waitForWaiters(1, of: "a")
        let stays = Task { try await backend.acquire(request) }  // owned and awaited by this test
        // The second caller is attached once it was told "queued", which no view shows: let it run.
        for _ in 0..<1_000 { await Task.yield() }
        doomed.cancel()
        await #expect(throws: LockError.self) { try await doomed.value }
        _ = try await backend.release(held, deadline: now)
        guard case .granted = try await stays.value else {
            Issue.record("the other caller was withdrawn, too")
            return
        }
    }

    @Test("Clients of one store exclude each other and are told of their own grants only")
    func twoClients() async throws {
        let other = InProcessBackend(store: fixture.store)
        var notices = other.notices().makeAsyncIterator()
        let mine = try await fixture.grant(fixture.request("a"))
        let theirs = try await fixture.grant(fixture.request("b"), on: other)
        guard case .busy = try await other.acquire(fixture.request("a", wait: .never)) else {
            Issue.record("two holders")
            return
        }
        #expect(try await other.release(mine, deadline: now) == .lost(.superseded))
        _ = try await backend.forceRelease(mine.names[0], reason: "mine", now: false, deadline: now)
        _ = try await backend.forceRelease(theirs.names[0], reason: "theirs", now: false, deadline: now)
        guard case .lost(theirs.request, .revoked("theirs"))? = await notices.next() else {
            Issue.record("told of another's grant, or of none")
            return
        }
    }

    @Test("The end of run ends waits with shutDown and streams with their end; what is held can still be released")
    func shutDown() async throws {
        let held = try await fixture.grant(fixture.request("a"))
        let request = try fixture.request("a")
        let notices = backend.notices()
        let changes = backend.changes(prefix: "")
        let waiting = Task { try await backend.acquire(request) }  // owned and awaited by this test
        try await fixture.waitForWaiters(1, of: "a")
        try await fixture.running {}
        await #expect { try await waiting.value } throws: { ($0 as? LockError)?.code == .shutDown }
        for await _ in notices {}
        for try await _ in changes {}
        await #expect { try await backend.acquire(request) } throws: { ($0 as? LockError)?.code == .shutDown }
        #expect(try await backend.release(held, deadline: now) == .released)
    }

    @Test("When the client that slept for a timer stops, another one keeps the time")
    func driverStops() async throws {
        let other = InProcessBackend(store: fixture.store)
        let held = try await fixture.grant(fixture.request("a"))
        let request = try fixture.request("a", wait: .until(now.advanced(by: .seconds(9))))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await other.run() }
            try await fixture.running {
                let task = Task { try await other.acquire(request) }  // owned and awaited by this test
                try await fixture.waitForWaiters(1, of: "a")
                await fixture.clock.waitForSleepers(1)
                withExtendedLifetime(task) {}
            }
            while fixture.clock.nextDeadline == nil { await Task.yield() }
            fixture.clock.advanceToNextDeadline()
            try await fixture.waitForWaiters(0, of: "a")
            group.cancelAll()
        }
        #expect(try await backend.release(held, deadline: now) == .released)
    }

    @Test("A backend that is gone leaves nothing locked that nobody could release")
    func goneBackend() async throws {
        do {
            let passing = InProcessBackend(store: fixture.store)
            _ = try await fixture.grant(fixture.request("a"), on: passing)
        }
        #expect(try await backend.inspect(try LockName("a"), deadline: now) == nil)
    }

    @Test(
        "Leases are checked though nothing runs out",
        arguments: [Duration.zero, .seconds(-1), .seconds(301), .seconds(Int64.max)])
    func leases(lease: Duration) async throws {
        let request = try fixture.request("a", lease: lease)
        await #expect { try await backend.acquire(request) } throws: { ($0 as? LockError)?.code == .invalidOption }
    }

    @Test("A forced release waits for the acknowledgement as long as the lease that the holder asked with (RULES 19)")
    func forcedRelease() async throws {
        try await fixture.running {
            let held = try await fixture.grant(fixture.request("a", lease: .seconds(3)))
            let forced = try await backend.forceRelease(held.names[0], reason: "stuck", now: false, deadline: now)
            #expect(forced.revoked == [held.token])
            #expect(forced.waitsAtMost <= .seconds(3))
            let waiting = try fixture.request("a")
            async let next = fixture.grant(waiting)
            try await fixture.waitForWaiters(1, of: "a")
            while fixture.clock.nextDeadline == nil { await Task.yield() }
            fixture.clock.advance(by: .seconds(3))
            #expect(try await next.token > held.token)
        }
    }

    @Test("Changes tell names, tokens and notes, in order, of the names watched")
    func changes() async throws {
        var changes = backend.changes(prefix: "a/").makeAsyncIterator()
        let note = HolderNote(host: "h", processID: 7, purpose: "p", traceID: "t")
        let elsewhere = try await fixture.grant(fixture.request("b/1"))
        let held = try await fixture.grant(fixture.request("a/1", note: note))
        _ = try await backend.release(elsewhere, deadline: now)
        _ = try await backend.release(held, deadline: now)
        for kind in [LockChange.Kind.granted, .released] {
            let change = try await changes.next()
            #expect(change?.kind == kind)
            #expect(change?.name.text == "a/1")
            #expect(change?.token == held.token)
            #expect(change?.note == note)
        }
    }

    @Test("Each mention of inProcess opens the process's own store")
    func sharedEngine() async throws {
        let context = EngineContext(logger: .init(label: "test"), time: SystemTimeSource())
        let one = try LockEngine.inProcess.makeBackend(context)
        let two = try LockEngine.inProcess.makeBackend(context)
        let request = try fixture.request("kit/shared-engine/\(OwnerID.fresh)", wait: .never)
        guard case .granted(let grant) = try await one.acquire(request) else { throw NotGranted() }
        var other = request
        (other.id, other.owner) = (.fresh, .fresh)
        guard case .busy = try await two.acquire(other) else {
            Issue.record("two clients of one process did not exclude each other")
            return
        }
        #expect(try await one.release(grant, deadline: now) == .released)
    }
}

extension LockIdentifier {
    /// One that no other test has.
    static var fresh: Self {
        var generator = SystemRandomNumberGenerator()
        return .random(using: &generator)
    }
}

@Suite("In-process: the end of a client with a queue", .timeLimit(.minutes(1)))
struct InProcessStopTests {
    @Test("A waiter that gets its turn because the one before it is withdrawn by the same stop leaves nothing held")
    func stopWithAQueue() async throws {
        for _ in 0..<20 {
            let fixture = InProcessFixture()
            let stopping = InProcessBackend(store: fixture.store)
            // The test that makes these tasks owns them and awaits their ends.
            let running = Task { try await stopping.run() }
            let reader = try await fixture.grant(fixture.request("a", mode: .shared))
            let requests = try [fixture.request("a"), fixture.request("a", mode: .shared)]
            var waiting: [Task<AcquireOutcome, any Error>] = []
            for (index, request) in requests.enumerated() {
                waiting.append(Task { try await stopping.acquire(request) })
                try await fixture.waitForWaiters(index + 1, of: "a")
            }
            running.cancel()
            _ = await running.result
            for task in waiting {
                await #expect(throws: LockError.self) { try await task.value }
            }
            _ = try await fixture.backend.release(reader, deadline: .distantFuture)
            let left = try await fixture.backend.inspect(LockName("a"), deadline: .distantFuture)
            #expect(left == nil, "\(left?.holders.count ?? 0) held by nobody")
            withExtendedLifetime(stopping) {}
        }
    }
}
