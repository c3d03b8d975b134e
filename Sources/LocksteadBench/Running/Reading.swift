import Lockstead
import Synchronization

/// What this process and its engines had used by one moment.
struct Reading: Sendable {
    let time: ContinuousTime
    let processorSeconds: Double
    let residentBytes: Int
    let counts: EngineCounts

    /// Takes a reading now.
    static func now(_ engines: OpenEngines) -> Reading {
        Reading(
            time: SystemTimeSource().now, processorSeconds: Machine.processorSeconds,
            residentBytes: Machine.residentBytes, counts: engines.counts)
    }
}

/// The engines that a run has opened, as far as they count what they do.
final class OpenEngines: Sendable {
    private let engines = Mutex<[any CountingBackend]>([])

    /// The engine as given, remembered when it is opened.
    func remembering(_ engine: LockEngine) -> LockEngine {
        LockEngine(name: engine.name) { context in
            let backend = try engine.makeBackend(context)
            if let counting = backend as? any CountingBackend { self.engines.withLock { $0.append(counting) } }
            return backend
        }
    }

    /// The sums over all of them; `nil` where none counts such a thing.
    var counts: EngineCounts {
        let all = engines.withLock { $0 }.map(\.counts)
        func sum(_ figure: (EngineCounts) -> Int?) -> Int? {
            let figures = all.compactMap(figure)
            return figures.isEmpty ? nil : figures.reduce(0, +)
        }
        return EngineCounts(commands: sum(\.commands), syncs: sum(\.syncs))
    }
}
