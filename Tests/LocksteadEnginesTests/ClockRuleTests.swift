import Lockstead
import LocksteadEngines
import Synchronization
import Testing

struct ClockRuleTests {
    @Test("A wall clock at its beginning is a failure")
    func unset() async {
        let finding = await ClockRule(time: TwoClocks(wall: 1_000, wallRate: 1)).examine()
        #expect(finding.verdict == .failure)
        #expect(finding.advice?.contains("set the clock") == true)
    }

    @Test("A wall clock beyond the tokens' end is a failure")
    func beyond() async {
        #expect(
            await ClockRule(time: TwoClocks(wall: .max - 1_000_000_000_000, wallRate: 1)).examine().verdict == .failure)
    }

    @Test("A wall clock that runs twice as fast as the continuous one is warned of")
    func drifting() async {
        #expect(await ClockRule(time: TwoClocks(wall: Self.plausible, wallRate: 2)).examine().verdict == .warning)
    }

    @Test("Clocks in step are good")
    func steady() async {
        #expect(await ClockRule(time: TwoClocks(wall: Self.plausible, wallRate: 1)).examine().verdict == .good)
    }

    private static let plausible: Int64 = 1_800_000_000_000_000_000
}

/// Two clocks that move only when someone sleeps, the wall clock at a rate of its own.
private final class TwoClocks: TimeSource {
    private let start: Int64
    private let wallRate: Int64
    private let slept = Mutex<Int64>(0)

    init(wall: Int64, wallRate: Int64) { (start, self.wallRate) = (wall, wallRate) }

    var now: ContinuousTime { ContinuousTime(nanoseconds: slept.withLock { $0 }) }
    var wallClockNanoseconds: Int64 { slept.withLock { start + $0 * wallRate } }
    func sleep(until deadline: ContinuousTime) async throws { slept.withLock { $0 = max($0, deadline.nanoseconds) } }
}
