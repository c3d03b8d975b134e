#if Redis
    import Lockstead
    import LocksteadRedis

    /// What `doctor` looks at for a Redis server, in the order to read it.
    enum RedisRules {
        static func all(of engine: RedisEngine) -> [any DoctorRule] {
            let examination = Examination { await RedisBackend.examine(engine, context: $0) }
            var subjects = ["version", "role", "eviction", "persistence", "replicas", "clock"]
            if case .sentinel = engine.topology { subjects.append("sentinels") }
            return [ReachRule(examination: examination)]
                + subjects.map { ServerRule(subject: $0, examination: examination) }
        }
    }

    /// Whether the server answers this user.
    struct ReachRule: DoctorRule {
        let subject = "server"
        let examination: Examination<ServerFinding>

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
        let examination: Examination<ServerFinding>

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
