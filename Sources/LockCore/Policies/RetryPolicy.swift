/// How often, how long and with which pauses a failed operation is tried again.
///
/// The pauses are drawn at random, so that clients that failed together do not come back together.
public struct RetryPolicy: Sendable, Hashable {
    /// How pauses grow from one attempt to the next.
    public enum Backoff: Sendable, Hashable {
        /// No second attempt.
        case none
        /// Between nothing and `base · 2ⁿ`, at most `cap`: "full jitter". Spreads best.
        case exponential(base: Duration, cap: Duration)
        /// Between `base` and three times the last pause, at most `cap`: "decorrelated jitter". Never returns at once.
        case decorrelated(base: Duration, cap: Duration)
    }

    /// How pauses grow.
    public var backoff: Backoff
    /// The most attempts, the first included; less than one counts as one.
    public var maximumAttempts: Int
    /// No attempt starts later than so long after the first.
    public var maximumElapsed: Duration

    /// Puts a policy together.
    ///
    /// - Parameters:
    ///   - backoff: How pauses grow.
    ///   - maximumAttempts: The most attempts, the first included.
    ///   - maximumElapsed: No attempt starts later than so long after the first.
    public init(backoff: Backoff, maximumAttempts: Int, maximumElapsed: Duration) {
        (self.backoff, self.maximumAttempts, self.maximumElapsed) = (backoff, maximumAttempts, maximumElapsed)
    }

    /// One attempt and no more.
    public static let none = RetryPolicy(backoff: .none, maximumAttempts: 1, maximumElapsed: .zero)

    /// Full jitter from 50 ms to 2 s, ten attempts within 30 s: rides out a restart of an engine's node, and ends before people notice.
    public static let standard = RetryPolicy(
        backoff: .exponential(base: .milliseconds(50), cap: .seconds(2)), maximumAttempts: 10,
        maximumElapsed: .seconds(30))
}
