public import LockCore

/// The clocks a client lives by, injected so that tests can hold time in their hand.
public protocol TimeSource: Sendable {
    /// The continuous clock, which runs while the machine sleeps.
    var now: ContinuousTime { get }
    /// The wall clock, in nanoseconds since 1970; read only to notice that it jumped.
    var wallClockNanoseconds: Int64 { get }
    /// Sleeps until the continuous clock reads at least `deadline`.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    func sleep(until deadline: ContinuousTime) async throws
}
