import LockCore

/// A continuous clock that runs at a rate of its own against real time.
struct DriftingClock: Sendable {
    /// What it shows at real time zero: no two clocks agree.
    let start: Int64
    /// How much faster than real time it runs, in ten-thousandths; negative: slower.
    let rate: Int64

    private var scale: Int64 { 10_000 + rate }

    func reading(at real: Int64) -> ContinuousTime {
        ContinuousTime(nanoseconds: start + real / 10_000 * scale + real % 10_000 * scale / 10_000)
    }

    /// The first moment at which it shows `time` or more.
    func real(at time: ContinuousTime) -> Int64 {
        guard time < .distantFuture else { return .max }
        let shown = max(0, time.nanoseconds - start)
        var real = shown / scale * 10_000 + shown % scale * 10_000 / scale
        while reading(at: real) < time { real += 1 }
        return real
    }
}
