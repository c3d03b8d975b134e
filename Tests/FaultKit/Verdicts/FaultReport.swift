import Foundation

/// What came of one fault under one setting.
package struct FaultReport: Sendable, Codable {
    package var engine: String
    package var fault: String
    package var mode: String
    package var expected: Expectation
    package var verdict: FaultVerdict
    /// Why it was violated or skipped.
    package var reasons: [String] = []
    /// From the fault to the first new grant of any lock.
    package var secondsToFirstGrant: Double?
    /// From the fault to the next grant of the lock that it hit; where the holder keeps it, that is when it left.
    package var secondsToNextHolder: Double?
    /// Of the grants that lived when the fault began, how many the engine confirmed after it.
    package var grantsKept: Int?
    package var grantsAlive: Int?
    /// Their share.
    package var survivalPercent: Double?
    /// Times that two were inside at once and both believed to hold, or that the engine granted a lock that was held.
    package var overlaps = 0
    /// Kinds of violations, with their numbers.
    package var violations: [String: Int] = [:]
    package var grants = 0
    /// Stays beyond their validity while another held; their writes are the resource's to refuse.
    package var zombies = 0
    package var refusedAccesses = 0
    /// Of the resource that checks tokens: there may be none.
    package var lostUpdates = 0
    /// Of the resource that checks none.
    package var lostUpdatesUnfenced = 0
    /// How the fault was brought, and figures of its own.
    package var notes: [String] = []
    package var seconds = 0.0

    package init(engine: String, fault: FaultID, mode: FaultMode, verdict: FaultVerdict) {
        (self.engine, self.fault, self.mode) = (engine, fault.text, mode.name)
        (expected, self.verdict) = (mode.expectation, verdict)
    }

    /// One line for people.
    package var inWords: String {
        var line = "\(engine) \(fault) [\(mode)] \(verdict.rawValue)"
        if verdict == .skipped { return line + ": " + reasons.joined(separator: "; ") }
        if let secondsToFirstGrant { line += ", first new grant after \(Self.rounded(secondsToFirstGrant)) s" }
        if let secondsToNextHolder { line += ", of the prize after \(Self.rounded(secondsToNextHolder)) s" }
        if let survivalPercent, let grantsKept, let grantsAlive {
            line += ", survival \(Self.rounded(survivalPercent)) % (\(grantsKept) of \(grantsAlive))"
        }
        line += ", overlaps \(overlaps), grants \(grants), zombies \(zombies), refused \(refusedAccesses)"
        line += ", lost updates \(lostUpdates) fenced, \(lostUpdatesUnfenced) unfenced"
        for note in notes { line += "\n    \(note)" }
        for reason in reasons { line += "\n    ! \(reason)" }
        return line
    }

    static func rounded(_ value: Double) -> String { String(format: "%.2f", value) }

    /// All of a run as JSON: one value, keys in order.
    package static func json(_ reports: [FaultReport]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(reports), as: UTF8.self)
    }
}
