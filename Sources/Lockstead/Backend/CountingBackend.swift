internal import Synchronization

/// An engine that counts what its calls cost beyond processor time: what a measurement compares between machines.
package protocol CountingBackend: LockBackend {
    /// What was counted so far.
    var counts: EngineCounts { get }
}

/// What an engine did so far; `nil` where it has no such thing.
package struct EngineCounts: Sendable, Equatable {
    /// Commands sent to a server.
    package var commands: Int?
    /// Writes made durable.
    package var syncs: Int?

    /// Puts counts together.
    package init(commands: Int? = nil, syncs: Int? = nil) { (self.commands, self.syncs) = (commands, syncs) }
}

/// Counts from any thread.
package final class EventCount: Sendable {
    private let count = Atomic(0)
    package init() {}
    package var value: Int { count.load(ordering: .relaxed) }
    package func add(_ number: Int = 1) { count.add(number, ordering: .relaxed) }
}
