import ArgumentParser
import Lockstead
import LocksteadEngines

/// `lockstead doctor` — looks whether locks can work here, and be trusted.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check whether locks can work here, and be trusted.",
        discussion: "Ends with 69 if a check failed. What could not be looked at is told as unknown, not as good.")

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Failure.reporting {
            let url = try engine.url()
            let rules = try Engines.doctorRules(for: url) + [ClockRule(time: SystemTimeSource()), TrialRule(url: url)]
            var findings: [FindingReport] = []
            for rule in rules {
                let report = FindingReport(subject: rule.subject, await rule.examine())
                findings.append(report)
                if !output.json { try Self.show(report) }
            }
            if output.json { try JSON.print(DoctorReport(engine: url, findings: findings)) }
            if findings.contains(where: { $0.verdict == Finding.Verdict.failure.rawValue }) {
                throw ExitStatus.engineUnavailable
            }
        }
    }

    private static func show(_ report: FindingReport) throws {
        let style = Style.standardOutput
        let verdict = style.paint(report.verdict.padded(to: 7), colour(of: report.verdict))
        print("\(verdict)  \(report.subject.padded(to: 11))  \(Wording.printable(report.fact))")
        if let advice = report.advice { print("\("".padded(to: 21))\(advice)") }
        try StandardOutput.flush()
    }

    private static func colour(of verdict: String) -> Style.Colour {
        switch Finding.Verdict(rawValue: verdict) {
        case .good: .green
        case .warning: .yellow
        case .failure: .red
        case .unknown, nil: .dim
        }
    }
}

/// All findings as JSON.
struct DoctorReport: Encodable, Sendable {
    let engine: String
    let findings: [FindingReport]
}

/// One finding as JSON.
struct FindingReport: Encodable, Sendable {
    let subject: String
    let verdict: String
    let fact: String
    let advice: String?

    init(subject: String, _ finding: Finding) {
        (self.subject, verdict) = (subject, finding.verdict.rawValue)
        (fact, advice) = (finding.fact, finding.advice)
    }
}
