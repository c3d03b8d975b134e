import LockCore
import Testing

@Suite("Attacks on the table that once succeeded")
struct TableAttackTests {
    @Test("a several-name request that overtakes a waiter twice counts once, and the snapshot loads (RULES 14)")
    func overtakingInTwoQueues() throws {
        var driver = TableDriver()
        _ = try driver.acquire("a", "b", owner: 1)
        _ = try driver.acquire("a", "b", owner: 2, wait: 3_600)
        for owner in 100..<117 as Range<UInt64> {
            var urgent = try driver.request("a", "b", owner: owner, wait: 3_600)
            urgent.priority = 9
            _ = driver.apply(.acquire(urgent))
        }
        #expect(driver.table.invariantViolation() == nil)
        #expect(try LockTable(decoding: driver.table.encoded()).digest == driver.table.digest)
        let queue = try #require(driver.table.view(of: try LockName("a"))).waiters.map(\.owner.low)
        #expect(queue.firstIndex(of: 2) == 16)
    }

    @Test("a revoked grant that ends by a cancel or a closed session still leaves its lock-delay (S10, RULES 19)")
    func acknowledgementsLeaveTheDelay() throws {
        for closes in [true, false] {
            var driver = TableDriver()
            var request = try driver.request("a", owner: 1)
            request.lockDelay = .seconds(5)
            _ = driver.apply(.acquire(request))
            _ = try driver.acquire("a", owner: 2, session: TableDriver.second, wait: 60)
            _ = driver.apply(.forceRelease(.init(name: try LockName("a"), reason: "stuck")))
            driver.apply(closes ? .closeSession(request.session) : .cancel(request.session, request.request))
            #expect(driver.granted.isEmpty)
            driver.pass(seconds: 5)
            #expect(driver.granted.map(\.owner.low) == [2])
        }
    }

    @Test(
        "a wait issued again keeps its place, gets the later deadline, and each of its sequences hears its end (RULES 26)"
    )
    func reissuedWait() throws {
        var driver = TableDriver()
        let held = try #require(try driver.acquire("a", owner: 1).grant)
        var request = try driver.request("a", owner: 2, wait: 5)
        request.dedup = Dedup(sequence: 1, doneThrough: 0)
        #expect(driver.apply(.acquire(request)) == .queued)
        _ = try driver.acquire("a", owner: 3, wait: 60)
        var again = request
        (again.dedup, again.waitUntil) = (Dedup(sequence: 2, doneThrough: 0), driver.now + .seconds(30))
        #expect(driver.apply(.acquire(again)) == .queued)
        var late = request
        (late.dedup, late.waitUntil) = (nil, driver.now + .seconds(1))
        #expect(driver.apply(.acquire(late)) == .queued, "a late duplicate does not shorten the wait")
        driver.table = try LockTable(decoding: driver.table.encoded())
        driver.pass(seconds: 20)
        driver.release(held)
        let grant = try #require(driver.granted.first)
        #expect(grant.owner == request.owner)
        #expect(driver.apply(.acquire(request)) == .granted(grant))
        #expect(driver.apply(.acquire(again)) == .granted(grant))
    }

    @Test("a request id that lives on is refused for another owner, other names or another mode (S7)")
    func requestReused() throws {
        var driver = TableDriver()
        let first = try driver.request("a", owner: 1)
        _ = driver.apply(.acquire(first))
        var other = try driver.request("b", owner: 2)
        other.request = first.request
        #expect(driver.apply(.acquire(other)) == .refused(.requestReused))
        let waiting = try driver.request("a", owner: 2, wait: 9)
        #expect(driver.apply(.acquire(waiting)) == .queued)
        other.request = waiting.request
        #expect(driver.apply(.acquire(other)) == .refused(.requestReused))
    }

    @Test("a repeated request is not told a grant that lost a name or is revoked (S1, R22)")
    func repeatedRequestOfABrokenGrant() throws {
        var driver = TableDriver()
        let request = try driver.request("a", "b", owner: 1)
        let grant = try #require(driver.apply(.acquire(request)).grant)
        #expect(driver.apply(.acquire(request)) == .granted(grant))
        _ = driver.apply(.forceRelease(.init(name: try LockName("b"), reason: "broken", now: true)))
        #expect(try driver.acquire("b", owner: 2).grant != nil)
        #expect(driver.apply(.acquire(request)) == .refused(.requestReused))
        #expect(driver.apply(.cancel(request.session, request.request)) == .done, "the rest is found and freed (R26)")
        #expect(driver.table.view(of: try LockName("a")) == nil)
    }

    @Test("half a grant is not downgraded, and more names than a grant can have are not released (S7)")
    func partsOfGrants() throws {
        var driver = TableDriver()
        let grant = try #require(try driver.acquire("a", "b", owner: 1).grant)
        let half = Command.Release(session: grant.session, names: [grant.names[0]], token: grant.token)
        #expect(driver.apply(.downgrade(half)) == .refused(.badNames))
        let many = try (0..<33).map { try LockName("n\($0)") }
        #expect(
            driver.apply(.release(.init(session: grant.session, names: many, token: grant.token)))
                == .refused(.badNames))
    }

    @Test("a retried hand-over is told its grant again (S7, R23)")
    func retriedHandOver() throws {
        var driver = TableDriver()
        let held = try #require(try driver.acquire("a", owner: 1).grant)
        let move = Command.HandOver(
            session: held.session, name: held.names[0], token: held.token, to: try driver.request("a", owner: 2))
        let given = try #require(driver.apply(.handOver(move)).grant)
        #expect(driver.apply(.handOver(move)) == .granted(given))
    }

    @Test("who does not wait is told busy on a full queue, and recovering during recovery (RULES 11)")
    func triesDoNotQueue() throws {
        var limits = TableLimits()
        limits.waitersPerName = 1
        var driver = TableDriver(limits: limits)
        _ = try driver.acquire("a", owner: 1)
        _ = try driver.acquire("a", owner: 2, wait: 60)
        #expect(try driver.acquire("a", owner: 3) == .busy)
        _ = driver.apply(.configure(.recover(until: driver.now + .seconds(9))))
        _ = driver.apply(.openSession(.init(session: TableDriver.first, timeToLive: .seconds(10))))
        #expect(try driver.acquire("c", owner: 3, wait: 0) == .refused(.recovering(until: driver.now + .seconds(9))))
    }

    @Test("a table at the end of time, or of tokens, still gives a snapshot that loads")
    func ends() throws {
        var driver = TableDriver()
        _ = try driver.acquire("a", owner: 1)
        var waiter = try driver.request("a", owner: 2)
        waiter.waitUntil = .distantFuture
        _ = driver.apply(.acquire(waiter))
        driver.now = .distantFuture
        driver.apply(.advance)
        #expect(try LockTable(decoding: driver.table.encoded()).digest == driver.table.digest)
        let spent = LockTable(firstToken: FencingToken(rawValue: .max), at: .distantFuture)
        #expect(spent.nextToken == nil)
        #expect(try LockTable(decoding: spent.encoded()).digest == spent.digest)
    }
}
