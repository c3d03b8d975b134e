#if Proof
    import Lockstead
    import LocksteadTesting

    /// What the judge found, as JSON.
    struct VerifyReport: Encodable, Sendable {
        let verdict: String
        let violationCount: Int
        let violations: [ViolationReport]
        let undecidedKeys: [String]
        let statistics: StatisticsReport

        /// A control is right if updates were lost, and nothing but updates: it must show what the fence is for.
        init(_ judgement: Judgement, isControl: Bool) {
            verdict = (isControl ? judgement.controlVerdict : judgement.verdict).rawValue
            violationCount = judgement.violationCount
            violations = judgement.violations.map(ViolationReport.init)
            undecidedKeys = judgement.undecidedKeys
            statistics = StatisticsReport(judgement.statistics)
        }
    }

    /// One violation as JSON.
    struct ViolationReport: Encodable, Sendable {
        let kind: String
        let name: String
        let message: String
        let lines: [Int]
        let excerpt: [String]

        init(_ violation: Violation) {
            (kind, name, message) = (violation.kind.rawValue, violation.key, violation.message)
            (lines, excerpt) = (violation.lines, violation.excerpt)
        }
    }

    /// What was judged, as JSON.
    struct StatisticsReport: Encodable, Sendable {
        let lines, operations, grants, unknownOperations, names, searchedNames, processes: Int
        let sections, zombies, accesses, refusedAccesses, updates, lostUpdates: Int

        init(_ statistics: Judgement.Statistics) {
            (lines, operations, grants) = (statistics.lines, statistics.operations, statistics.grants)
            (unknownOperations, processes) = (statistics.unknownOperations, statistics.processes)
            (names, searchedNames) = (statistics.keys, statistics.searchedKeys)
            (sections, zombies) = (statistics.sections, statistics.zombies)
            (accesses, refusedAccesses) = (statistics.accesses, statistics.refusedAccesses)
            (updates, lostUpdates) = (statistics.updates, statistics.lostUpdates)
        }
    }

    extension VerifyReport {
        /// For people: the verdict last, where they look.
        static func lines(_ judgement: Judgement, _ isControl: Bool) -> [String] {
            var lines: [String] = []
            for violation in judgement.violations.prefix(mostShown) {
                lines.append("\(Wording.printable(violation.key)): \(violation.kind.rawValue): \(violation.message)")
                for (number, text) in zip(violation.lines, violation.excerpt) {
                    lines.append("  \(number): \(Wording.printable(text))")
                }
            }
            let more = judgement.violationCount - min(judgement.violations.count, mostShown)
            if more > 0 { lines.append("… and \(more) more") }
            for key in judgement.undecidedKeys.prefix(mostShown) {
                lines.append("\(Wording.printable(key)): undecided: the search was given up; try a higher --limit")
            }
            return lines + [sum(judgement.statistics), last(judgement, isControl)]
        }

        private static let mostShown = 10

        private static func sum(_ statistics: Judgement.Statistics) -> String {
            var parts = [
                "\(statistics.operations) operations", "\(statistics.grants) grants", "\(statistics.keys) names",
                "\(statistics.processes) processes",
            ]
            if statistics.sections > 0 {
                parts.append(
                    "\(statistics.sections) critical sections, \(statistics.zombies) of them outlived by their holders")
            }
            if statistics.accesses > 0 {
                parts.append("\(statistics.accesses) accesses, \(statistics.refusedAccesses) refused")
            }
            if statistics.updates > 0 { parts.append("\(statistics.updates) updates, \(statistics.lostUpdates) lost") }
            return parts.joined(separator: "; ")
        }

        private static func last(_ judgement: Judgement, _ isControl: Bool) -> String {
            guard isControl else { return judgement.verdict.rawValue }
            let lost = judgement.statistics.lostUpdates
            return
                "\(judgement.controlVerdict.rawValue): the control lost \(lost) updates\(lost == 0 ? ", so it shows nothing" : "")"
        }
    }

    extension Judgement {
        /// The verdict on a positive control.
        var controlVerdict: Verdict {
            let expected: Set<Violation.Kind> = [.lostUpdate, .staleAccess]
            guard statistics.lostUpdates > 0, violations.allSatisfy({ expected.contains($0.kind) }) else {
                return .violated
            }
            return undecidedKeys.isEmpty ? .clean : .unknown
        }
    }
#endif
