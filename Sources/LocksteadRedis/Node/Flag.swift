import Synchronization

/// Becomes true once.
final class Flag: Sendable {
    private let state = Atomic(false)

    var isSet: Bool { state.load(ordering: .acquiring) }

    /// Sets it.
    ///
    /// - Returns: Whether it was not set before.
    @discardableResult
    func set() -> Bool { !state.exchange(true, ordering: .acquiringAndReleasing) }
}
