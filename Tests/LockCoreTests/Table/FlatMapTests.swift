import SeededRandom
import Testing

@testable import LockCore

@Suite("FlatMap")
struct FlatMapTests {
    /// Few hashes for many keys, so that searches run long and wrap around.
    private struct Key: FlatKey {
        var number: Int
        var flatHash: UInt64 { UInt64(number % 5) << 32 | UInt64(number % 3) << 61 }
        static var vacant: Key { Key(number: -1) }
    }

    @Test("finds, changes and forgets what a dictionary does, whatever collides")
    func agreesWithDictionary() {
        for seed in UInt64(1)...50 {
            var draw = SeededGenerator(seed: seed)
            var (map, model) = (FlatMap<Key, Int>(), [Int: Int]())
            for step in 0..<2_000 {
                let number = Int.random(in: 0..<40, using: &draw)
                switch Int.random(in: 0..<4, using: &draw) {
                case 0: (map[Key(number: number)], model[number]) = (nil, nil)
                case 1:
                    map[Key(number: number), default: 7] += step
                    model[number, default: 7] += step
                case 2:
                    map.remove(Key(number: number)) { $0 % 2 == 0 }
                    if let value = model[number], value % 2 == 0 { model[number] = nil }
                default: (map[Key(number: number)], model[number]) = (step, step)
                }
                #expect(map.count == model.count)
                #expect(map[Key(number: number)] == model[number])
            }
            #expect((0..<40).allSatisfy { map[Key(number: $0)] == model[$0] }, "seed \(seed)")
        }
    }
}

@Suite("TimeSpan")
struct TimeSpanTests {
    @Test("a duration becomes nanoseconds as by its components, rounded towards zero and saturated")
    func fromDuration() {
        var draw = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let seconds = Int64.random(in: .min ... .max, using: &draw) >> Int64.random(in: 0...63, using: &draw)
            let rest = Int64.random(in: 0..<1_000_000_000_000_000_000, using: &draw)
            let duration = Duration(secondsComponent: seconds, attosecondsComponent: seconds < 0 ? -rest : rest)
            #expect(TimeSpan(duration).nanoseconds == Self.expected(duration), "\(duration)")
        }
        #expect(TimeSpan(Duration.nanoseconds(Int64.min)).nanoseconds == .min)
        #expect(TimeSpan(Duration.nanoseconds(Int64.max)).nanoseconds == .max)
    }

    private static func expected(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : whole.saturatingAdding(attoseconds / 1_000_000_000)
    }
}
