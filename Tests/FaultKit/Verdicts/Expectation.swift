package import LocksteadTesting

/// What a fault is expected to do to an engine under one setting.
package enum Expectation: String, Sendable, Hashable, Codable {
    /// Nothing: all rules hold.
    case holds
    /// The engine forgets grants and makes them again: two holders at a time, and nothing else.
    ///
    /// A run in which that does not happen has failed, too: then the harness is blind, or the documentation is wrong.
    case forgets

    /// What an engine that forgets its grants does to a history.
    package static let signsOfForgetting: Set<Violation.Kind> = [
        .earlyExpiry, .overlap, .serverOverlap, .beliefOverlap,
    ]

    /// Judges a run.
    ///
    /// - Parameters:
    ///   - kinds: The violations that the history's judge found.
    ///   - failures: Checks of the fault's own that did not pass, in words.
    /// - Returns: The verdict, and why it is not the expected one.
    package func verdict(_ kinds: Set<Violation.Kind>, failures: [String]) -> (FaultVerdict, reasons: [String]) {
        switch self {
        case .holds:
            let reasons = failures + kinds.map { "the judge found \($0.rawValue)" }.sorted()
            return (reasons.isEmpty ? .held : .violated, reasons)
        case .forgets:
            var reasons = failures
            reasons += kinds.subtracting(Self.signsOfForgetting).map { "the judge found \($0.rawValue)" }.sorted()
            if kinds.isDisjoint(with: Self.signsOfForgetting) {
                reasons.append("no lock was granted twice, though one is expected to be")
            }
            return (reasons.isEmpty ? .asDocumented : .violated, reasons)
        }
    }
}

/// The one word for a run.
package enum FaultVerdict: String, Sendable, Hashable, Codable {
    /// All rules held.
    case held
    /// What the engine's page says it does not survive, it did not survive.
    case asDocumented = "as documented"
    /// Not as expected, one way or the other.
    case violated
    /// Not run: this machine or this engine lacks what it takes. Not passed.
    case skipped
}
