#if Redis
    import Lockstead
    import LocksteadRedis

    /// What `doctor` looks at for Redlock: the number of the nodes, how many answer, and what each says of itself.
    enum RedlockRules {
        private static let subjects = ["version", "role", "eviction", "persistence", "clock"]

        static func all(of engine: RedlockEngine) -> [any DoctorRule] {
            let endpoints = engine.configuration.endpoints
            let examinations = endpoints.map { endpoint in
                Examination { await RedisBackend.examine(engine.node(endpoint), context: $0) }
            }
            let nodes = zip(endpoints, examinations).flatMap { endpoint, examination -> [any DoctorRule] in
                let rules: [any DoctorRule] =
                    [ReachRule(examination: examination)]
                    + subjects.map { ServerRule(subject: $0, examination: examination) }
                return rules.map { NodeRule(endpoint: endpoint, rule: $0) }
            }
            return [NodeCountRule(count: endpoints.count), MajorityRule(examinations: examinations)] + nodes
        }
    }

    /// Whether the number of nodes makes sense.
    struct NodeCountRule: DoctorRule {
        let subject = "nodes"
        let count: Int

        func examine() async -> Finding {
            let majority = count / 2 + 1
            if count.isMultiple(of: 2) {
                return .warning(
                    "\(count) nodes: \(majority) are a majority, so that no more may be lost than of \(count - 1)",
                    advice: "use an odd number of nodes; five are advised")
            }
            let fact = "\(count) nodes: \(count - majority) may be lost"
            return count == 3 ? .warning(fact, advice: "five nodes are advised") : .good(fact)
        }
    }

    /// Whether a majority answers.
    struct MajorityRule: DoctorRule {
        let subject = "majority"
        let examinations: [Examination<ServerFinding>]

        func examine() async -> Finding {
            var answering = 0
            for examination in examinations {
                if case .success = await examination.findings() { answering += 1 }
            }
            let majority = examinations.count / 2 + 1
            let fact = "\(answering) of \(examinations.count) nodes answer"
            if answering < majority { return .failure(fact, advice: "locks need \(majority)") }
            if answering == examinations.count { return .good(fact) }
            return .warning(fact, advice: "bring the others back: each that is missing is one that may not be lost")
        }
    }

    /// A rule about one of the nodes.
    struct NodeRule: DoctorRule {
        let endpoint: RedisEndpoint
        let rule: any DoctorRule

        var subject: String { "\(endpoint) \(rule.subject)" }
        func examine() async -> Finding { await rule.examine() }
    }
#endif
