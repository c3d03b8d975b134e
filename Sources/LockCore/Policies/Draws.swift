extension UInt64 {
    /// A uniform draw over all values as a length of time from nothing to `span`, both included; a negative span counts as nothing.
    package func scaled(to span: TimeSpan) -> TimeSpan {
        guard span > .zero else { return .zero }
        let high = multipliedFullWidth(by: UInt64(span.nanoseconds) + 1).high
        return TimeSpan(nanoseconds: Int64(high))
    }
}

extension TimeSpan {
    /// Doubled `times` times, saturating.
    package func doubled(_ times: Int) -> TimeSpan {
        guard times < 63 else { return self > .zero ? .forever : self }
        return self * (Int64(1) << Int64(times))
    }
}
