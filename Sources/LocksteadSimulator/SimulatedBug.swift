package import LockCore

/// A mistake that a simulation can be told to make, so that it proves that it would notice.
package enum SimulatedBug: Sendable, Hashable {
    /// The table makes it.
    case table(PlantedBug)
    /// The leader's keeping of sessions makes it (RULES 22).
    case keeper(KeeperBug)
    /// A client, the service around the table or a guarded resource makes it.
    case session(SessionBug)
    /// The table tells one grant twice: no course of events may pass with it, in either layer.
    case canary

    /// All that `layer` can be told to make, its canary last.
    package static func all(in layer: SimulatedLayer) -> [SimulatedBug] {
        switch layer {
        case .table: PlantedBug.allCases.map(SimulatedBug.table) + [.canary]
        case .session:
            KeeperBug.allCases.map(SimulatedBug.keeper) + SessionBug.allCases.map(SimulatedBug.session) + [.canary]
        }
    }

    /// Whether this build has the mistake in it: those of the lock rules are in debug builds, and in builds with the trait
    /// `PlantedBugs`.
    package var canBePlanted: Bool {
        switch self {
        case .table, .keeper: LockTable.takesPlantedBugs
        case .canary, .session: true
        }
    }

    /// The name it goes by on the command line.
    package var name: String {
        switch self {
        case .table(let bug): bug.rawValue
        case .keeper(let bug): bug.rawValue
        case .session(let bug): bug.rawValue
        case .canary: "canary"
        }
    }

    /// What a table is to make wrong.
    var ofTable: PlantedBug? { if case .table(let bug) = self { bug } else { nil } }
    /// What the keeping of sessions is to make wrong.
    var ofKeeper: KeeperBug? { if case .keeper(let bug) = self { bug } else { nil } }
    /// What the rest of a session's world is to make wrong.
    var ofSession: SessionBug? { if case .session(let bug) = self { bug } else { nil } }
}

/// The first seed that a planted mistake was found with, or how many it went unseen.
package struct BugSearch: Sendable, Hashable {
    /// What was planted.
    package let bug: SimulatedBug
    /// Where it was planted.
    package let layer: SimulatedLayer
    /// How it was found; `nil`: it was not.
    package let finding: SimulationResult?
    /// How many seeds were run.
    package let seeds: Int

    /// Whether the simulator did with it what it must.
    package var isFound: Bool { finding != nil }

    /// Runs seed after seed until the mistake is found; a canary has to be found with each of the first ten.
    ///
    /// - Parameters:
    ///   - bug: What to plant.
    ///   - layer: Where to plant it.
    ///   - seeds: How many seeds to try.
    ///   - steps: How many steps each takes.
    ///   - first: The seed to begin with: where it is known to show, the search is short.
    package init(for bug: SimulatedBug, in layer: SimulatedLayer, seeds: Int, steps: Int, from first: UInt64 = 1) {
        (self.bug, self.layer) = (bug, layer)
        var tried = 0
        var found: SimulationResult?
        for seed in first...(first + UInt64(max(1, bug == .canary ? min(10, seeds) : seeds)) - 1) {
            let result = layer.run(seed: seed, steps: steps, options: SimulationOptions(bug: bug))
            tried += 1
            if result.problem == nil {
                // A canary that passes once proves that the judge can be blind.
                found = nil
                if bug == .canary { break }
            } else {
                found = found ?? result
                if bug != .canary { break }
            }
        }
        (finding, self.seeds) = (found, tried)
    }
}
