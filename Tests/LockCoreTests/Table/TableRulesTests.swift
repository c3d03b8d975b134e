import LockCore
import Testing

@Suite("The lock rules, one by one")
struct TableRulesTests {
    @Test("a grant waits in arrival order, and each token is higher (S2, S9)")
    func arrivalOrder() throws {
        var driver = TableDriver()
        let first = try #require(try driver.acquire("a", owner: 1).grant)
        #expect(try driver.acquire("a", owner: 2, wait: 60) == .queued)
        #expect(try driver.acquire("a", owner: 3, wait: 60) == .queued)
        driver.release(first)
        let second = try #require(driver.granted.first)
        driver.release(second)
        let third = try #require(driver.granted.first)
        #expect([second.owner.low, third.owner.low] == [2, 3])
        #expect(first.token < second.token && second.token < third.token)
    }

    @Test("several names come all or none, and wait with a place in each queue (RULES 14)")
    func severalNames() throws {
        var driver = TableDriver()
        let held = try #require(try driver.acquire("b", owner: 1).grant)
        #expect(try driver.acquire("a", "b", owner: 2) == .busy)
        #expect(driver.table.view(of: try LockName("a")) == nil)
        #expect(try driver.acquire("b", "a", owner: 2, wait: 60) == .queued)
        #expect(try driver.acquire("a", owner: 3) == .busy, "the earlier waiter keeps its place on the free name")
        driver.release(held)
        #expect(driver.granted.map(\.names.count) == [2])
    }

    @Test("readers queue behind a waiting writer; a three-permit head blocks one-permit followers (RULES 14)")
    func noOvertaking() throws {
        var driver = TableDriver()
        _ = try driver.acquire("a", owner: 1, mode: .shared)
        #expect(try driver.acquire("a", owner: 2, wait: 60) == .queued)
        #expect(try driver.acquire("a", owner: 3, mode: .shared) == .busy)
        _ = try driver.acquire("s", owner: 1, mode: .permits(count: 2, limit: 3))
        #expect(try driver.acquire("s", owner: 2, mode: .permits(count: 3, limit: 3), wait: 60) == .queued)
        #expect(try driver.acquire("s", owner: 3, mode: .permits(count: 1, limit: 3)) == .busy)
    }

    @Test("an upgrade is refused, a downgrade keeps its token and lets readers in (R54)")
    func upgradeAndDowngrade() throws {
        var driver = TableDriver()
        let writer = try #require(try driver.acquire("a", owner: 1).grant)
        #expect(try driver.acquire("a", owner: 2, mode: .shared, wait: 60) == .queued)
        let reader = try #require(
            driver.apply(.downgrade(.init(session: writer.session, names: writer.names, token: writer.token))).grant)
        #expect(reader.token == writer.token && reader.mode == .shared)
        #expect(driver.granted.map(\.owner.low) == [2])
        var upgrade = try driver.request("a", owner: 1)
        upgrade.ifOwned = .enter
        #expect(driver.apply(.acquire(upgrade)) == .refused(.upgrade))
    }

    @Test("re-entry counts under one token, and only the last release frees (R46)")
    func reentry() throws {
        var driver = TableDriver()
        let outer = try #require(try driver.acquire("a", owner: 1).grant)
        var again = try driver.request("a", owner: 1)
        again.ifOwned = .enter
        let inner = try #require(driver.apply(.acquire(again)).grant)
        #expect(inner.token == outer.token && inner.count == 2)
        driver.release(inner)
        #expect(driver.table.view(of: try LockName("a"))?.holders.first?.count == 1)
        driver.release(outer)
        #expect(driver.table.view(of: try LockName("a")) == nil)
        again.ifOwned = .refuse
        _ = try driver.acquire("a", owner: 1)
        #expect(driver.apply(.acquire(again)) == .refused(.reentry))
    }

    @Test("an expiry that names an old generation does nothing; the right one frees after the lock-delay (S4, S10)")
    func expiry() throws {
        var driver = TableDriver()
        var request = try driver.request("a", owner: 1)
        request.lockDelay = .seconds(5)
        _ = driver.apply(.acquire(request))
        #expect(driver.apply(.renew(TableDriver.first)) == .session(generation: 1))
        #expect(driver.apply(.expire(TableDriver.first, generation: 0)) == .session(generation: 1))
        #expect(driver.apply(.expire(TableDriver.first, generation: 1)) == .done)
        #expect(try driver.acquire("a", owner: 2, session: TableDriver.second, wait: 60) == .queued)
        driver.pass(seconds: 4)
        #expect(driver.granted.isEmpty)
        driver.pass(seconds: 1)
        #expect(driver.granted.map(\.owner.low) == [2])
    }

    @Test("a forced release waits for the acknowledgement, or at most one lease (RULES 19)")
    func forcedRelease() throws {
        var driver = TableDriver()
        let name = try LockName("a")
        let held = try #require(try driver.acquire("a", owner: 1).grant)
        _ = try driver.acquire("a", owner: 2, session: TableDriver.second, wait: 60)
        let answer = driver.apply(.forceRelease(.init(name: name, reason: "stuck")))
        #expect(answer == .revoked([held.token], waitsAtMost: .seconds(10)))
        #expect(driver.apply(.validate(name, held.token)) == .valid(false))
        #expect(driver.granted.isEmpty)
        driver.release(held)
        #expect(driver.granted.map(\.owner.low) == [2], "the holder's release acknowledges")
        _ = driver.apply(.forceRelease(.init(name: name, reason: "stuck")))
        _ = try driver.acquire("a", owner: 3, wait: 60)
        driver.pass(seconds: 10)
        #expect(driver.granted.map(\.owner.low) == [3], "no acknowledgement: one lease later it is over")
    }

    @Test("a forced release with now opens the name at once, delays included (RULES 19)")
    func forcedReleaseNow() throws {
        var driver = TableDriver()
        var request = try driver.request("a", owner: 1)
        request.lockDelay = .seconds(30)
        _ = driver.apply(.acquire(request))
        _ = try driver.acquire("a", owner: 2, wait: 60)
        _ = driver.apply(.forceRelease(.init(name: try LockName("a"), reason: "now", now: true)))
        #expect(driver.granted.map(\.owner.low) == [2])
    }

    @Test("the wait that closes a circle is refused with the circle, whatever its deadline (RULES 12)")
    func circle() throws {
        var driver = TableDriver()
        _ = try driver.acquire("a", owner: 1)
        _ = try driver.acquire("b", owner: 2)
        _ = try driver.acquire("c", owner: 3)
        #expect(try driver.acquire("b", owner: 1, wait: 1) == .queued)
        #expect(try driver.acquire("c", owner: 2, wait: 1) == .queued)
        let circle = [3, 1, 2].map { OwnerID(high: 0, low: $0) }
        #expect(try driver.acquire("a", owner: 3, wait: 1) == .refused(.deadlock(circle)))
        #expect(driver.effects == [.deadlockFound(circle)])
        driver.pass(seconds: 2)
        #expect(try driver.acquire("a", owner: 3, wait: 1) == .queued, "the timed-out waits left the graph")
    }

    @Test("a circle of semaphores is no deadlock (RULES 12)")
    func semaphoreCircle() throws {
        var driver = TableDriver()
        let permit = LockMode.permits(count: 1, limit: 1)
        _ = try driver.acquire("s", owner: 1, mode: permit)
        _ = try driver.acquire("t", owner: 2, mode: permit)
        #expect(try driver.acquire("t", owner: 1, mode: permit, wait: 9) == .queued)
        #expect(try driver.acquire("s", owner: 2, mode: permit, wait: 9) == .queued)
    }

    @Test("a hand-over is a new grant with a new token, and yields to a fair waiter (RULES 9)")
    func handOver() throws {
        var driver = TableDriver()
        let name = try LockName("a")
        let held = try #require(try driver.acquire("a", owner: 1).grant)
        let next = try driver.request("a", owner: 2)
        let move = Command.HandOver(session: held.session, name: name, token: held.token, to: next)
        let given = try #require(driver.apply(.handOver(move)).grant)
        #expect(given.token > held.token && given.owner == next.owner)
        let stale = Command.HandOver(
            session: held.session, name: name, token: held.token, to: try driver.request("a", owner: 5))
        #expect(driver.apply(.handOver(stale)) == .notHeld, "the old grant is over")
        _ = try driver.acquire("a", owner: 3, wait: 60)
        let again = Command.HandOver(
            session: given.session, name: name, token: given.token, to: try driver.request("a", owner: 4))
        #expect(driver.apply(.handOver(again)) == .handOverRefused)
    }

    @Test("minimum hold keeps the name closed after a release, maximum hold ends a grant (R16)")
    func holdTerms() throws {
        var driver = TableDriver()
        var request = try driver.request("a", owner: 1)
        (request.minimumHold, request.maximumHold) = (.seconds(3), .seconds(8))
        let held = try #require(driver.apply(.acquire(request)).grant)
        driver.release(held)
        #expect(try driver.acquire("a", owner: 2) == .busy)
        driver.pass(seconds: 3)
        var capped = try driver.request("a", owner: 2)
        capped.maximumHold = .seconds(8)
        _ = driver.apply(.acquire(capped))
        driver.pass(seconds: 8)
        #expect(driver.effects.contains { if case .expired(_, .holdLimit) = $0 { true } else { false } })
        #expect(try driver.acquire("a", owner: 3).grant != nil)
    }

    @Test("a retry is told the first answer; a sequence that is done or used is refused (RULES 16)")
    func dedup() throws {
        var driver = TableDriver()
        var request = try driver.request("a", owner: 1)
        request.dedup = Dedup(sequence: 1, doneThrough: 0)
        let first = driver.apply(.acquire(request))
        #expect(driver.apply(.acquire(request)) == first)
        var other = try driver.request("b", owner: 1)
        other.dedup = request.dedup
        #expect(driver.apply(.acquire(other)) == .refused(.sequenceReused))
        other.dedup = Dedup(sequence: 2, doneThrough: 1)
        _ = driver.apply(.acquire(other))
        #expect(driver.apply(.acquire(request)) == .refused(.sequenceDone))
    }

    @Test("a retried wait attaches to its waiter, and is told the grant once it is made (RULES 16, R52)")
    func dedupOfWait() throws {
        var driver = TableDriver()
        let held = try #require(try driver.acquire("a", owner: 1).grant)
        var request = try driver.request("a", owner: 2, session: TableDriver.second, wait: 60)
        request.dedup = Dedup(sequence: 1, doneThrough: 0)
        #expect(driver.apply(.acquire(request)) == .queued)
        #expect(driver.apply(.acquire(request)) == .queued)
        #expect(driver.table.view(of: try LockName("a"))?.waiterCount == 1)
        driver.release(held)
        let grant = try #require(driver.granted.first)
        #expect(driver.apply(.acquire(request)) == .granted(grant))
    }

    @Test("a cancel that crosses its grant releases it (R23)")
    func cancelCrossesGrant() throws {
        var driver = TableDriver()
        let grant = try #require(try driver.acquire("a", owner: 1).grant)
        #expect(driver.apply(.cancel(grant.session, grant.request)) == .done)
        #expect(driver.table.view(of: try LockName("a")) == nil)
    }

    @Test("no waiter is overtaken more than 16 times by priority (RULES 14)")
    func overtakingIsBounded() throws {
        var driver = TableDriver()
        var holder = try #require(try driver.acquire("a", owner: 1).grant)
        _ = try driver.acquire("a", owner: 2, wait: 3_600)
        var served = 0
        for round in 0..<40 as Range<UInt64> {
            var urgent = try driver.request("a", owner: 100 + round, wait: 3_600)
            urgent.priority = 9
            _ = driver.apply(.acquire(urgent))
            driver.release(holder)
            holder = try #require(driver.granted.first)
            if holder.owner.low == 2 { break }
            served += 1
        }
        #expect(served == 16)
    }

    @Test("a start without history grants nothing until the grace is over (RULES 11)")
    func recovery() throws {
        var driver = TableDriver()
        _ = try driver.acquire("a", owner: 1)
        _ = driver.apply(.configure(.recover(until: .zero + .seconds(60))))
        #expect(driver.table.sessions.isEmpty)
        _ = driver.apply(.openSession(.init(session: TableDriver.first, timeToLive: .seconds(10))))
        #expect(try driver.acquire("b", owner: 1) == .refused(.recovering(until: .zero + .seconds(60))))
        #expect(try driver.acquire("b", owner: 1, wait: 90) == .queued)
        driver.pass(seconds: 60)
        #expect(driver.granted.count == 1)
    }

    @Test("time never goes back (RULES 4)")
    func timeIsMonotonic() {
        var driver = TableDriver()
        driver.pass(seconds: 10)
        driver.now = .zero
        driver.apply(.advance)
        #expect(driver.table.logTime == .zero + .seconds(10))
    }
}
