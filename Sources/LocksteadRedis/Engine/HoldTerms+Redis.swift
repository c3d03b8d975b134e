import Lockstead

extension HoldTerms {
    /// The cap as the scripts take it; 0 for none.
    var maximumHoldMilliseconds: Int64 { maximumHold.map { min($0.millisecondsUp, RedisEngine.longestSpan) } ?? 0 }
}
