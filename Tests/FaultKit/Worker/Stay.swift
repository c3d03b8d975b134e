import Lockstead
import LocksteadTesting
import Synchronization

/// A stay in a critical section that lasts until the runner has said what to do in it.
final class Stay: Sendable {
    enum Step: Int, Sendable, Comparable {
        /// Between reading the resource and writing it.
        case inside
        /// Write now.
        case writing
        /// Go.
        case leaving

        static func < (left: Step, right: Step) -> Bool { left.rawValue < right.rawValue }
    }

    private let step = Watched(Step.inside)
    private let held = Mutex<Lease?>(nil)

    /// What is held, once it is.
    var lease: Lease? { held.withLock { $0 } }

    func begin(_ lease: Lease) { held.withLock { $0 = lease } }

    func advance(to next: Step) { step.update { $0 = max($0, next) } }

    func reach(_ wanted: Step) async { await step.until { $0 >= wanted } }
}
