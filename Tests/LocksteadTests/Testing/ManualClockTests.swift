import Lockstead
import LocksteadTesting
import Synchronization
import Testing

@Suite("ManualClock")
struct ManualClockTests {
    let clock = ManualClock()

    @Test("Both clocks stand still until they are moved, and move together")
    func advance() {
        let (start, wall) = (clock.now, clock.wallClockNanoseconds)
        #expect(clock.now == start)
        clock.advance(by: .seconds(3))
        #expect(clock.now == start.advanced(by: .seconds(3)))
        #expect(clock.wallClockNanoseconds == wall + 3_000_000_000)
        clock.advance(by: .seconds(-3))
        #expect(clock.now == start.advanced(by: .seconds(3)), "time does not go back")
    }

    @Test("The wall clock can be stepped alone, forward and back")
    func stepWallClock() {
        let (start, wall) = (clock.now, clock.wallClockNanoseconds)
        clock.stepWallClock(by: .seconds(3_600))
        #expect(clock.wallClockNanoseconds == wall + 3_600_000_000_000)
        clock.stepWallClock(by: .seconds(-7_200))
        #expect(clock.wallClockNanoseconds == wall - 3_600_000_000_000)
        #expect(clock.now == start)
    }

    @Test("A sleeper wakes when the clock reaches its deadline, and not a nanosecond before")
    func wakes() async throws {
        let deadline = clock.now.advanced(by: .seconds(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await clock.sleep(until: deadline) }
            await clock.waitForSleepers(1)
            clock.advance(by: .nanoseconds(999_999_999))
            #expect(clock.sleeperCount == 1)
            clock.advance(by: .nanoseconds(1))
            #expect(clock.sleeperCount == 0)
            try await group.waitForAll()
        }
    }

    @Test("A deadline that has passed needs no sleep")
    func past() async throws {
        try await clock.sleep(until: clock.now)
        try await clock.sleep(until: clock.now.advanced(by: .seconds(-1)))
    }

    @Test("Sleepers are known in the order of their deadlines, whatever the order in which they lay down")
    func order() async throws {
        let start = clock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, seconds) in [3, 1, 2].enumerated() {
                group.addTask { try await clock.sleep(until: start.advanced(by: .seconds(seconds))) }
                await clock.waitForSleepers(place + 1)
            }
            for seconds in 1...3 {
                #expect(clock.nextDeadline == start.advanced(by: .seconds(seconds)))
                clock.advanceToNextDeadline()
                #expect(clock.now == start.advanced(by: .seconds(seconds)))
                #expect(clock.sleeperCount == 3 - seconds)
            }
            try await group.waitForAll()
        }
    }

    @Test("A cancelled sleeper throws at once and sleeps no more, also where the cancellation came first")
    func cancellation() async throws {
        let late = clock.now.advanced(by: .seconds(1))
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await isCancelled { try await clock.sleep(until: late) } }
            await clock.waitForSleepers(1)
            group.cancelAll()
            // Added to a group that is cancelled already.
            group.addTask { await isCancelled { try await clock.sleep(until: late) } }
            for await cancelled in group { #expect(cancelled) }
        }
        #expect(clock.sleeperCount == 0)
    }

    @Test("Waiting for sleepers ends with its task, too")
    func watcherCancellation() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await clock.waitForSleepers(1) }
            group.cancelAll()
            await group.waitForAll()
        }
    }
}

private func isCancelled(_ body: () async throws -> Void) async -> Bool {
    do {
        try await body()
        return false
    } catch { return error is CancellationError }
}
