import LockCore
import Testing

@Suite("What a table bounds, and that nothing makes it trap")
struct TableLimitsTests {
    @Test("32 names are taken, 33 and none and the same twice are refused")
    func names() throws {
        var driver = TableDriver()
        let names = try (0..<33).map { try LockName("n\($0)") }
        var request = try driver.request("a", owner: 1)
        request.names = Array(names.prefix(32))
        #expect(driver.apply(.acquire(request)).grant?.names.count == 32)
        for bad in [names, [], [names[0], names[0]]] {
            var request = try driver.request("a", owner: 1)
            request.names = bad
            #expect(driver.apply(.acquire(request)) == .refused(.badNames))
        }
    }

    @Test("the waiter beyond the limit is refused, and the queue is untouched")
    func waiters() throws {
        var limits = TableLimits()
        limits.waitersPerName = 2
        var driver = TableDriver(limits: limits)
        _ = try driver.acquire("a", owner: 1)
        #expect(try driver.acquire("a", owner: 2, wait: 9) == .queued)
        #expect(try driver.acquire("a", owner: 3, wait: 9) == .queued)
        #expect(try driver.acquire("a", owner: 4, wait: 9) == .refused(.tooManyWaiters))
        #expect(driver.table.view(of: try LockName("a"))?.waiterCount == 2)
    }

    @Test("the grant beyond a session's limit is refused")
    func grants() throws {
        var limits = TableLimits()
        limits.grantsPerSession = 2
        var driver = TableDriver(limits: limits)
        #expect(try driver.acquire("a", owner: 1).grant != nil)
        #expect(try driver.acquire("b", owner: 1).grant != nil)
        #expect(try driver.acquire("c", owner: 1) == .refused(.tooManyGrants))
    }

    @Test("the session beyond an identity's limit is refused; another identity may not take over a session")
    func sessions() {
        var limits = TableLimits()
        limits.sessionsPerIdentity = 2
        var driver = TableDriver(limits: limits)
        let third = SessionID(high: 0, low: 3)
        #expect(
            driver.apply(.openSession(.init(session: third, identity: "tests", timeToLive: .seconds(1))))
                == .refused(.tooManySessions))
        #expect(
            driver.apply(.openSession(.init(session: TableDriver.first, identity: "other", timeToLive: .seconds(1))))
                == .refused(.sessionBoundToAnother))
    }

    @Test("1,024 answers are kept, one more is refused until some are done (RULES 16)")
    func outstanding() throws {
        var driver = TableDriver()
        for sequence in 1...1_024 as ClosedRange<UInt64> {
            #expect(
                driver.apply(.renew(TableDriver.first, Dedup(sequence: sequence, doneThrough: 0)))
                    != .refused(.tooManyOutstanding))
        }
        #expect(
            driver.apply(.renew(TableDriver.first, Dedup(sequence: 1_025, doneThrough: 0)))
                == .refused(.tooManyOutstanding))
        #expect(
            driver.apply(.renew(TableDriver.first, Dedup(sequence: 1_025, doneThrough: 1)))
                == .session(generation: 1_025))
    }

    @Test(
        "bad leases, permits, terms and notes are refused",
        arguments: [TimeSpan.zero, TimeSpan(nanoseconds: -1), .seconds(301), .forever])
    func badLease(span: TimeSpan) {
        var driver = TableDriver()
        let open = Command.OpenSession(session: SessionID(high: 9, low: 9), timeToLive: span)
        #expect(driver.apply(.openSession(open)) == .refused(.badLease))
    }

    @Test("bad permits, terms and notes are refused")
    func badRequests() throws {
        var driver = TableDriver()
        for mode in [
            LockMode.permits(count: 0, limit: 3), .permits(count: 4, limit: 3), .permits(count: 1, limit: 0),
            .permits(count: .max, limit: .max), .permits(count: .min, limit: 1),
        ] {
            #expect(try driver.acquire("s", owner: 1, mode: mode) == .refused(.badPermits))
        }
        var request = try driver.request("a", owner: 1)
        request.lockDelay = TimeSpan(nanoseconds: -1)
        #expect(driver.apply(.acquire(request)) == .refused(.badTerms))
        for tooLong in [Limits.longestDelay + TimeSpan(nanoseconds: 1), .forever] {
            request = try driver.request("a", owner: 1)
            request.lockDelay = tooLong
            #expect(driver.apply(.acquire(request)) == .refused(.badTerms))
            request = try driver.request("a", owner: 1)
            request.minimumHold = tooLong
            #expect(driver.apply(.acquire(request)) == .refused(.badTerms))
        }
        request = try driver.request("a", owner: 1)
        request.maximumHold = .zero
        #expect(driver.apply(.acquire(request)) == .refused(.badTerms))
        request = try driver.request("a", owner: 1)
        request.note.purpose = String(repeating: "x", count: HolderNote.maximumByteCount + 1)
        #expect(driver.apply(.acquire(request)) == .refused(.noteTooLong))
    }

    @Test("a name that lives as one kind is refused as another (RULES 30)")
    func kinds() throws {
        var driver = TableDriver()
        _ = try driver.acquire("s", owner: 1, mode: .permits(count: 1, limit: 3))
        #expect(try driver.acquire("s", owner: 2) == .refused(.kindMismatch(.semaphore(limit: 3))))
        #expect(
            try driver.acquire("s", owner: 2, mode: .permits(count: 1, limit: 4))
                == .refused(.kindMismatch(.semaphore(limit: 3))))
    }

    @Test("the last token is granted, and then none (RULES 6)")
    func tokensEnd() throws {
        var driver = TableDriver()
        _ = driver.apply(.configure(.raiseToken(atLeast: FencingToken(rawValue: .max))))
        let last = try #require(try driver.acquire("a", owner: 1).grant)
        #expect(last.token == .maximum)
        #expect(try driver.acquire("b", owner: 1) == .refused(.tokensExhausted))
        #expect(driver.table.invariantViolation() == nil)
    }

    @Test("times at both ends of the clock do not trap")
    func extremeTimes() throws {
        var driver = TableDriver()
        var request = try driver.request("a", owner: 1)
        (request.lockDelay, request.minimumHold) = (Limits.longestDelay, Limits.longestDelay)
        request.maximumHold = .forever
        driver.now = LogTime(nanoseconds: .max - 5)
        let grant = try #require(driver.apply(.acquire(request)).grant)
        driver.release(grant)
        driver.now = .distantFuture
        driver.apply(.advance)
        driver.now = LogTime(nanoseconds: .min)
        driver.apply(.forceRelease(.init(name: try LockName("a"), reason: "", now: true)))
        #expect(driver.table.invariantViolation() == nil)
    }
}
