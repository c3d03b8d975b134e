import Lockstead

/// What a server's report means for the locks on it.
package struct ServerFinding: Sendable, Hashable {
    /// How bad it is.
    package enum Verdict: String, Sendable, Hashable {
        case good, warning
        /// The engine refuses to work there.
        case refusal
        case unknown

        /// Whether it is what to tell of two servers.
        fileprivate func isWorse(than other: Verdict) -> Bool { weight > other.weight }

        private var weight: Int {
            switch self {
            case .good: 0
            case .unknown: 1
            case .warning: 2
            case .refusal: 3
            }
        }
    }

    package let subject: String
    package let verdict: Verdict
    package let fact: String
    /// What to change; `nil` where there is nothing to change.
    package let advice: String?

    /// The findings about all servers of an engine, in the order to read them: of each subject the worst, and whom it is about.
    package static func all(of reports: [ServerReport], as engine: RedisEngine) -> [ServerFinding] {
        let each = reports.map { report in
            all(of: report, acceptsEviction: engine.acceptsEviction, topology: engine.topology).map { finding in
                reports.count > 1 ? finding.about(report.server ?? "one of the servers") : finding
            }
        }
        guard let first = each.first else { return [] }
        return first.indices.map { subject in
            each.dropFirst().map { $0[subject] }.reduce(first[subject]) { worst, next in
                next.verdict.isWorse(than: worst.verdict) ? next : worst
            }
        }
    }

    private func about(_ server: String) -> ServerFinding {
        ServerFinding(subject: subject, verdict: verdict, fact: "\(server): \(fact)", advice: advice)
    }

    /// All findings about a server, in the order to read them.
    package static func all(
        of report: ServerReport, acceptsEviction: Bool, topology: RedisTopology = .single
    ) -> [ServerFinding] {
        [
            version(report, in: topology), role(report, in: topology), eviction(report, isAccepted: acceptsEviction),
            persistence(report),
            replicas(report, topology), clock(report),
        ]
    }
}

extension ServerFinding {
    private static func unknown(_ subject: String, _ report: ServerReport) -> ServerFinding {
        let reason = report.refusal.map { ": \($0)" } ?? ""
        return ServerFinding(
            subject: subject, verdict: .unknown, fact: "the server does not tell\(reason)", advice: nil)
    }

    private static let leastVersion = [6, 0]
    /// Channels of shards came with it.
    private static let leastVersionOfNodes = [7, 0]

    private static func version(_ report: ServerReport, in topology: RedisTopology) -> ServerFinding {
        guard let product = report.product, !report.version.isEmpty else { return unknown("version", report) }
        let least = topology == .cluster ? leastVersionOfNodes : leastVersion
        guard !report.version.lexicographicallyPrecedes(least) else {
            return ServerFinding(
                subject: "version", verdict: .refusal, fact: "the server is \(product)",
                advice: "use Redis \(least[0]).\(least[1]) or later, or Valkey")
        }
        return ServerFinding(subject: "version", verdict: .good, fact: "the server is \(product)", advice: nil)
    }

    private static func role(_ report: ServerReport, in topology: RedisTopology) -> ServerFinding {
        guard report.fields["role"] != nil else { return unknown("role", report) }
        if topology == .cluster { return roleInCluster(report) }
        if report.isReplica {
            return ServerFinding(
                subject: "role", verdict: .refusal, fact: "the server is a replica, which takes no locks",
                advice: "connect to its primary, \(report.fields["master_host"] ?? "wherever it is")")
        }
        if report.fields["cluster_enabled"] == "1" {
            return ServerFinding(
                subject: "role", verdict: .refusal, fact: "the server is a node of a cluster",
                advice: "open it with redis+cluster:// instead of redis://")
        }
        return ServerFinding(subject: "role", verdict: .good, fact: "the server is a primary", advice: nil)
    }

    /// Who was asked as a primary and is none any more has just been replaced; the cluster sends its commands on.
    private static func roleInCluster(_ report: ServerReport) -> ServerFinding {
        if report.fields["cluster_enabled"] == "0" {
            return ServerFinding(
                subject: "role", verdict: .refusal, fact: "the server is no node of a cluster",
                advice: "open it with redis:// instead of redis+cluster://")
        }
        if report.isReplica {
            return ServerFinding(
                subject: "role", verdict: .warning, fact: "the server has just become a replica",
                advice: "look at the cluster's log for the reason")
        }
        return ServerFinding(subject: "role", verdict: .good, fact: "the server is a primary of a cluster", advice: nil)
    }

    private static func eviction(_ report: ServerReport, isAccepted: Bool) -> ServerFinding {
        guard let policy = report.fields["maxmemory_policy"], let limit = report.number("maxmemory") else {
            return unknown("eviction", report)
        }
        if policy == "noeviction" {
            return ServerFinding(subject: "eviction", verdict: .good, fact: "no key is thrown away", advice: nil)
        }
        let advice = "set maxmemory-policy noeviction, or give the locks a server of their own"
        if limit == 0 {
            return ServerFinding(
                subject: "eviction", verdict: .warning,
                fact: "the policy is \(policy), which does nothing while there is no maxmemory", advice: advice)
        }
        let fact = "the policy is \(policy): a full server throws held locks away"
        return ServerFinding(
            subject: "eviction", verdict: isAccepted ? .warning : .refusal, fact: fact,
            advice: isAccepted ? advice : advice + "; ?eviction=accept works all the same")
    }

    private static func persistence(_ report: ServerReport) -> ServerFinding {
        guard let isAppending = report.fields["aof_enabled"] else { return unknown("persistence", report) }
        if report.fields["aof_last_write_status"] == "err" {
            return ServerFinding(
                subject: "persistence", verdict: .warning, fact: "the last write of the append-only file failed",
                advice: "look at the server's disk")
        }
        if isAppending == "1" {
            return ServerFinding(
                subject: "persistence", verdict: .warning,
                fact: "there is an append-only file; whether each write is synced the server does not tell here",
                advice: "set appendfsync always, or a crash may forget locks that are held")
        }
        return ServerFinding(
            subject: "persistence", verdict: .warning, fact: "there is no append-only file: a restart forgets locks",
            advice: "set appendonly yes and appendfsync always, or keep the server away for one lease after a crash")
    }

    private static func replicas(_ report: ServerReport, _ topology: RedisTopology) -> ServerFinding {
        guard let count = report.number("connected_slaves") else { return unknown("replicas", report) }
        guard count > 0 else {
            guard topology == .single else {
                return ServerFinding(
                    subject: "replicas", verdict: .warning, fact: "there is no replica: nothing can take over",
                    advice: "give the primary two replicas")
            }
            return ServerFinding(subject: "replicas", verdict: .good, fact: "there is no replica", advice: nil)
        }
        // Told only where it is set.
        if topology != .single, report.fields["min_slaves_good_slaves"] == nil {
            return ServerFinding(
                subject: "replicas", verdict: .warning,
                fact: "there are \(count) replicas, and the primary goes on without them when it is cut off",
                advice: "set min-replicas-to-write 1, ask for ?ack=1, and have resources check tokens")
        }
        return ServerFinding(
            subject: "replicas", verdict: .warning,
            fact: "there are \(count) replicas: after a failover a lock may be held twice",
            advice: "do not fail over while locks are held, and have resources check tokens")
    }

    /// Beyond this the clocks are set by different people.
    private static let largestOffset = Duration.seconds(1)

    private static func clock(_ report: ServerReport) -> ServerFinding {
        guard let (offset, uncertainty) = report.clock else { return unknown("clock", report) }
        let size = offset < .zero ? .zero - offset : offset
        let fact =
            "the server's wall clock is \(offset.millisecondsUp) ms from ours, give or take \(uncertainty.millisecondsUp) ms"
        guard size - uncertainty > largestOffset else {
            return ServerFinding(subject: "clock", verdict: .good, fact: fact, advice: nil)
        }
        return ServerFinding(
            subject: "clock", verdict: .warning, fact: fact,
            advice:
                "look at the time services; locks live by the server's clock alone, and a step of it ends or extends them"
        )
    }
}
