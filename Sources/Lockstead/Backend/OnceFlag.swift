import Synchronization

/// Becomes true once.
package final class OnceFlag: Sendable {
    private let state = Atomic(false)

    package init() {}

    package var isSet: Bool { state.load(ordering: .acquiring) }

    /// Sets it.
    ///
    /// - Returns: Whether it was not set before.
    @discardableResult
    package func set() -> Bool { !state.exchange(true, ordering: .acquiringAndReleasing) }
}
