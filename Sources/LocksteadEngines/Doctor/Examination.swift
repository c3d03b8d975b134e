import Lockstead
import Logging

/// One look at an engine's servers, shared by the rules that tell what it brought.
actor Examination<Finding: Sendable> {
    private let look: @Sendable (EngineContext) async -> Result<[Finding], LockError>
    private var result: Result<[Finding], LockError>?

    init(_ look: @escaping @Sendable (EngineContext) async -> Result<[Finding], LockError>) { self.look = look }

    func findings() async -> Result<[Finding], LockError> {
        if let result { return result }
        let context = EngineContext(
            logger: Logger(label: "lockstead.doctor") { _ in SwiftLogNoOpLogHandler() }, time: SystemTimeSource())
        let result = await look(context)
        self.result = result
        return result
    }
}

/// One of the things that an engine's servers say of themselves.
struct ExaminedRule: DoctorRule {
    let subject: String
    /// Whether it tells what kept all the others from being looked at.
    let isFirst: Bool
    let examination: Examination<EngineFinding>

    /// One rule for each subject.
    static func all(
        _ subjects: [String], _ look: @escaping @Sendable (EngineContext) async -> Result<[EngineFinding], LockError>
    ) -> [any DoctorRule] {
        let examination = Examination(look)
        return subjects.map { ExaminedRule(subject: $0, isFirst: $0 == subjects.first, examination: examination) }
    }

    func examine() async -> Finding {
        switch await examination.findings() {
        case .success(let findings):
            guard let finding = findings.first(where: { $0.subject == subject }) else {
                return .unknown("the servers do not tell")
            }
            return Finding(finding)
        case .failure(let error) where isFirst:
            return .failure(error.message, advice: "until then nothing else can be looked at")
        case .failure: return .unknown("the servers could not be asked")
        }
    }
}

extension Finding {
    fileprivate init(_ finding: EngineFinding) {
        let advice = finding.advice ?? ""
        switch finding.verdict {
        case .good: self = .good(finding.fact)
        case .warning: self = .warning(finding.fact, advice: advice)
        case .failure: self = .failure(finding.fact, advice: advice)
        case .unknown: self = .unknown(finding.fact)
        }
    }
}
