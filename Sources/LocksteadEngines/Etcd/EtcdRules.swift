#if Etcd
    import Lockstead
    import LocksteadEtcd
    import Logging

    /// What `doctor` looks at for an etcd cluster, in the order to read it.
    enum EtcdRules {
        static func all(of engine: EtcdEngine) -> [any DoctorRule] {
            let examination = EtcdExamination(engine)
            return ["members", "version", "leader", "space", "write time", "names"]
                .map { EtcdRule(subject: $0, examination: examination) }
        }
    }

    /// One look at a cluster, shared by the rules.
    actor EtcdExamination {
        private let engine: EtcdEngine
        private var result: Result<[EtcdFinding], LockError>?

        init(_ engine: EtcdEngine) { self.engine = engine }

        func findings() async -> Result<[EtcdFinding], LockError> {
            if let result { return result }
            let context = EngineContext(
                logger: Logger(label: "lockstead.doctor") { _ in SwiftLogNoOpLogHandler() }, time: SystemTimeSource())
            let result = await EtcdBackend.examine(engine, context: context)
            self.result = result
            return result
        }
    }

    /// One of the things a cluster says of itself.
    struct EtcdRule: DoctorRule {
        let subject: String
        let examination: EtcdExamination

        func examine() async -> Finding {
            switch await examination.findings() {
            case .success(let findings):
                guard let finding = findings.first(where: { $0.subject == subject }) else {
                    return .unknown("the cluster does not tell")
                }
                return Finding(finding)
            case .failure(let error) where subject == "members":
                return .failure(error.message, advice: "until then nothing else can be looked at")
            case .failure: return .unknown("the cluster could not be asked")
            }
        }
    }

    extension Finding {
        fileprivate init(_ finding: EtcdFinding) {
            let advice = finding.advice ?? ""
            switch finding.verdict {
            case .good: self = .good(finding.fact)
            case .warning: self = .warning(finding.fact, advice: advice)
            case .failure: self = .failure(finding.fact, advice: advice)
            case .unknown: self = .unknown(finding.fact)
            }
        }
    }
#endif
