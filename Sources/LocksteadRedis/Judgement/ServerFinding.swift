import Lockstead

/// What a server's report means for the locks on it.
package struct ServerFinding: Sendable, Hashable {
    /// How bad it is.
    package enum Verdict: String, Sendable, Hashable {
        case good, warning
        /// The engine refuses to work there.
        case refusal
        case unknown
    }

    package let subject: String
    package let verdict: Verdict
    package let fact: String
    /// What to change; `nil` where there is nothing to change.
    package let advice: String?

    /// All findings about a server, in the order to read them.
    package static func all(of report: ServerReport, acceptsEviction: Bool) -> [ServerFinding] {
        [
            version(report), role(report), eviction(report, isAccepted: acceptsEviction), persistence(report),
            replicas(report), clock(report),
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

    private static func version(_ report: ServerReport) -> ServerFinding {
        guard let product = report.product, !report.version.isEmpty else { return unknown("version", report) }
        guard !report.version.lexicographicallyPrecedes(leastVersion) else {
            return ServerFinding(
                subject: "version", verdict: .refusal, fact: "the server is \(product)",
                advice: "use Redis 6.0 or later, or Valkey")
        }
        return ServerFinding(subject: "version", verdict: .good, fact: "the server is \(product)", advice: nil)
    }

    private static func role(_ report: ServerReport) -> ServerFinding {
        guard report.fields["role"] != nil else { return unknown("role", report) }
        if report.isReplica {
            return ServerFinding(
                subject: "role", verdict: .refusal, fact: "the server is a replica, which takes no locks",
                advice: "connect to its primary, \(report.fields["master_host"] ?? "wherever it is")")
        }
        if report.fields["cluster_enabled"] == "1" {
            return ServerFinding(
                subject: "role", verdict: .refusal, fact: "the server is a node of a cluster",
                advice: "connect to a server that is not, or with an engine that knows clusters")
        }
        return ServerFinding(subject: "role", verdict: .good, fact: "the server is a primary", advice: nil)
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

    private static func replicas(_ report: ServerReport) -> ServerFinding {
        guard let count = report.number("connected_slaves") else { return unknown("replicas", report) }
        guard count > 0 else {
            return ServerFinding(subject: "replicas", verdict: .good, fact: "there is no replica", advice: nil)
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
