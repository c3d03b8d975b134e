import Synchronization

/// What wakes one who waits: news of its watch, which it judges itself, or somebody who wants it to look.
package final class LookBell: Sendable {
    package let signal = WakeSignal()
    private let isDue = Atomic(false)

    package init() {}

    /// Has it look, at once or before it sleeps next.
    package func ring() {
        isDue.store(true, ordering: .releasing)
        signal.ring()
    }

    /// Whether somebody wanted it to look since it was last asked.
    package func isToLook() -> Bool { isDue.exchange(false, ordering: .acquiringAndReleasing) }
}
