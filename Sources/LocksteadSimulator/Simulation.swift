import LockCore

/// One course of events drawn from a seed, judged as it goes.
///
/// The same seed goes the same way in every process: nothing in it reads a clock, starts a task or iterates an unordered collection.
package protocol Simulation {
    /// Begins at the seed; `bug` is planted where it belongs to this layer.
    init(seed: UInt64, options: SimulationOptions)

    /// Takes one step; what was wrong with it in words, or `nil`.
    mutating func step() -> String?

    /// Lets all faults heal and everything come to rest.
    ///
    /// - Parameter tell: Receives each step in words.
    /// - Returns: What did not come to rest, in words, or `nil`.
    mutating func settle(_ tell: (String) -> Void) -> String?

    /// Sums up all that has happened: equal for equal courses.
    var digest: UInt64 { get }

    /// The last step in words, for a trace.
    var account: String { get }
}

/// How a simulation goes.
package struct SimulationOptions: Sendable, Hashable {
    /// The mistake to make; `nil` makes none.
    package var bug: SimulatedBug?
    /// The table's own rules are looked at after every so many steps; the judge looks at each step always.
    package var checkEvery: Int
    /// Whether somebody reads each step in words.
    var isTraced = false

    /// Indexes, timers, digest and wait-for graph cost a walk over all records: they are looked at after so many looks at the rules.
    private static let looksForBooks = 32

    /// Makes no mistake and checks after every step, unless told otherwise.
    package init(bug: SimulatedBug? = nil, checkEvery: Int = 1) {
        (self.bug, self.checkEvery) = (bug, max(1, checkEvery))
    }

    /// What is wrong inside of the table, where it is time to look.
    func problem(in table: LockTable, after steps: Int) -> String? {
        guard steps % checkEvery == 0 else { return nil }
        return steps % (checkEvery * Self.looksForBooks) == 0 ? table.invariantViolation() : table.ruleViolation()
    }
}

/// What is simulated.
package enum SimulatedLayer: String, CaseIterable, Sendable {
    /// `LockTable` alone, under hostile and sensible commands.
    case table
    /// Clients with leases, renewal and retries against a service over a faulty network, under drifting clocks.
    case session

    /// Runs one seed to its end.
    ///
    /// - Parameters:
    ///   - seed: What everything is drawn from.
    ///   - steps: How many steps before everything is let come to rest.
    ///   - options: The mistake to make, and how often to check.
    ///   - trace: Receives each step in words.
    /// - Returns: What came of it.
    package func run(
        seed: UInt64, steps: Int, options: SimulationOptions = SimulationOptions(),
        trace: ((Int, String) -> Void)? = nil
    ) -> SimulationResult {
        var options = options
        options.isTraced = trace != nil
        return switch self {
        case .table: run(TableWalk(seed: seed, options: options), seed, steps, trace)
        case .session: run(SessionWalk(seed: seed, options: options), seed, steps, trace)
        }
    }

    private func run(
        _ simulation: some Simulation, _ seed: UInt64, _ steps: Int, _ trace: ((Int, String) -> Void)?
    ) -> SimulationResult {
        var simulation = simulation
        for step in 1...max(1, steps) {
            let problem = simulation.step()
            trace?(step, simulation.account)
            if let problem {
                return result(simulation, seed, step, problem)
            }
        }
        let problem = simulation.settle { trace?(steps, $0) }
        return result(simulation, seed, steps, problem.map { "at the end: \($0)" })
    }

    private func result(
        _ simulation: some Simulation, _ seed: UInt64, _ steps: Int, _ problem: String?
    ) -> SimulationResult {
        SimulationResult(layer: self, seed: seed, steps: steps, digest: simulation.digest, problem: problem)
    }
}

/// What came of one seed.
package struct SimulationResult: Sendable, Hashable {
    /// What was simulated.
    package let layer: SimulatedLayer
    /// What everything was drawn from.
    package let seed: UInt64
    /// How many steps were taken: up to the problem where there is one.
    package let steps: Int
    /// Sums up all that happened.
    package let digest: UInt64
    /// What went wrong in words; `nil`: nothing did.
    package let problem: String?
}
