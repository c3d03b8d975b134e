import Synchronization

/// A number that goes up and down.
package final class Tally: Sendable {
    private let count = Atomic(0)
    package init() {}
    package var value: Int { count.load(ordering: .acquiring) }
    package func add(_ number: Int) { count.add(number, ordering: .acquiringAndReleasing) }
}
