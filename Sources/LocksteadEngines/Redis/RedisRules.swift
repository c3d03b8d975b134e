#if Redis
    import Lockstead
    import LocksteadRedis
    import Logging

    /// What `doctor` looks at for a Redis server, in the order to read it.
    enum RedisRules {
        static func all(of engine: RedisEngine) -> [any DoctorRule] {
            let examination = RedisExamination(engine)
            var subjects = ["version", "role", "eviction", "persistence", "replicas", "clock"]
            if case .sentinel = engine.topology { subjects.append("sentinels") }
            return [ReachRule(examination: examination)]
                + subjects.map { ServerRule(subject: $0, examination: examination) }
        }
    }

    /// One look at a server, shared by the rules.
    actor RedisExamination {
        private let engine: RedisEngine
        private var result: Result<[ServerFinding], LockError>?

        init(_ engine: RedisEngine) { self.engine = engine }

        func findings() async -> Result<[ServerFinding], LockError> {
            if let result { return result }
            let context = EngineContext(
                logger: Logger(label: "lockstead.doctor") { _ in SwiftLogNoOpLogHandler() }, time: SystemTimeSource())
            let result = await RedisBackend.examine(engine, context: context)
            self.result = result
            return result
        }
    }

    /// Whether the server answers this user.
    struct ReachRule: DoctorRule {
        let subject = "server"
        let examination: RedisExamination

        func examine() async -> Finding {
            switch await examination.findings() {
            case .success: .good("the server answers")
            case .failure(let error): .failure(error.message, advice: "until then nothing else can be looked at")
            }
        }
    }

    /// One of the things a server says of itself.
    struct ServerRule: DoctorRule {
        let subject: String
        let examination: RedisExamination

        func examine() async -> Finding {
            guard case .success(let findings) = await examination.findings(),
                let finding = findings.first(where: { $0.subject == subject })
            else { return .unknown("the server could not be asked") }
            let advice = finding.advice ?? ""
            return switch finding.verdict {
            case .good: .good(finding.fact)
            case .warning: .warning(finding.fact, advice: advice)
            case .refusal: .failure(finding.fact, advice: advice)
            case .unknown: .unknown(finding.fact)
            }
        }
    }
#endif
