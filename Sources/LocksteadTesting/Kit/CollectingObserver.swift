public import Lockstead

/// A `LockObserver` that keeps what it is told, and lets a test wait for it.
///
/// ```swift
/// let observer = CollectingObserver()
/// // … hand it to a client …
/// await observer.until { if case .lost = $0.event { true } else { false } }
/// ```
public final class CollectingObserver: LockObserver {
    private let seen = Watched<[LockObservation]>([])

    /// Makes one that has seen nothing.
    public init() {}

    /// What was observed so far, in order.
    public var observations: [LockObservation] { seen.value }

    /// Keeps an observation.
    public func observe(_ observation: LockObservation) { seen.update { $0.append(observation) } }

    /// Returns once an observation is so, or the task is cancelled; at once where one was so before.
    ///
    /// - Parameter isMet: Asked for each observation.
    public func until(_ isMet: @escaping @Sendable (LockObservation) -> Bool) async {
        await until(1, isMet)
    }

    /// Returns once so many observations are so, or the task is cancelled.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - isMet: Asked for each observation.
    public func until(_ count: Int, _ isMet: @escaping @Sendable (LockObservation) -> Bool) async {
        await seen.until { observations in observations.count(where: isMet) >= count }
    }
}
