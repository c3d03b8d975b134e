import LockCore
import Testing

/// The work is bounded by counting what can be counted: each of these took minutes when it was quadratic.
@Suite("Crowds", .timeLimit(.minutes(1)))
struct TableGrowthTests {
    private static func driver() -> TableDriver {
        var limits = TableLimits()
        limits.grantsPerSession = 100_000
        return TableDriver(limits: limits)
    }

    @Test("a snapshot of 3,000 writers and 3,000 readers in queues loads, and is the same table")
    func bigSnapshot() throws {
        var driver = Self.driver()
        _ = try driver.acquire("a", owner: 1)
        _ = try driver.acquire("b", owner: 1, mode: .shared)
        for owner in 2..<3_002 as Range<UInt64> {
            _ = try driver.acquire("a", owner: owner, wait: 60)
            _ = try driver.acquire("b", owner: owner + 10_000, mode: owner == 2 ? .exclusive : .shared, wait: 60)
        }
        #expect(try LockTable(decoding: driver.table.encoded()).digest == driver.table.digest)
    }

    @Test("a writer behind 3,000 readers finds its circle through any of them (RULES 12)")
    func circleThroughReaders() throws {
        var driver = Self.driver()
        _ = try driver.acquire("a", owner: 1, mode: .shared)
        _ = try driver.acquire("b", owner: 9_999)
        _ = try driver.acquire("a", owner: 2, wait: 60)
        for owner in 3..<3_003 as Range<UInt64> { _ = try driver.acquire("a", owner: owner, mode: .shared, wait: 60) }
        // One of the readers waits for the writer's other lock as well.
        #expect(try driver.acquire("b", owner: 1_500, wait: 60) == .queued)
        let answer = try driver.acquire("a", owner: 9_999, wait: 60)
        #expect(answer == .refused(.deadlock([9_999, 1_500].map { OwnerID(high: 0, low: $0) })))
    }

    @Test("20,000 grants and waits with deadlines leave neither records nor timers behind")
    func nothingGrows() throws {
        var driver = TableDriver()
        let empty = driver.table.encoded().count
        for round in 0..<20_000 as Range<UInt64> {
            var request = try driver.request("a", owner: round)
            request.maximumHold = .seconds(3_600)
            guard let grant = driver.apply(.acquire(request)).grant else { break }
            _ = try driver.acquire("a", owner: round + 1_000_000, wait: 3_600)
            driver.release(grant)
            guard let next = driver.granted.first else { break }
            driver.release(next)
        }
        #expect(driver.table.encoded().count == empty)
        #expect(driver.table.timerCount <= 64 && driver.table.nextDue == nil)
    }
}
