import Histogram

/// How long something took, many times.
struct Latencies: Sendable {
    /// Three digits, from a nanosecond to ten minutes: what lies beyond is counted as ten minutes.
    private var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: 1, highestTrackableValue: Self.most, numberOfSignificantValueDigits: .three)
    private static let most: UInt64 = 600_000_000_000

    mutating func record(nanoseconds: Int64) { _ = histogram.record(min(Self.most, UInt64(max(1, nanoseconds)))) }

    mutating func add(_ other: Latencies) { histogram.add(other.histogram) }

    /// `nil` where nothing was recorded.
    var summary: LatencySummary? {
        guard histogram.totalCount > 0 else { return nil }
        return LatencySummary(
            count: Int(histogram.totalCount), p50: seconds(histogram.valueAtPercentile(50)),
            p99: seconds(histogram.valueAtPercentile(99)), max: seconds(histogram.max), mean: histogram.mean / 1e9)
    }

    private func seconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e9 }
}

/// A distribution in five figures; times in seconds.
package struct LatencySummary: Codable, Sendable, Equatable {
    package let count: Int
    package let p50: Double
    package let p99: Double
    package let max: Double
    package let mean: Double
}
