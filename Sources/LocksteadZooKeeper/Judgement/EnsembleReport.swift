import Lockstead

/// What the servers of an ensemble said of themselves, to be judged.
struct EnsembleReport: Sendable {
    /// One server that was named.
    struct Server: Sendable {
        let endpoint: ZooKeeperEndpoint
        /// What it said; `nil` where it told nothing.
        var status: ServerStatus?
        /// Whether somebody takes connections there.
        var isReached = false
        var problem: String?
    }

    var servers: [Server]
    /// Whether a session could be had, and with which timeout when the engine's own was asked for.
    var session: Result<Duration, ZooKeeperError>
    var tickTime: Duration?
    /// How long a durable write took, the slowest of three.
    var writeTime: Duration?
    /// Names that lie below others that are in use too, which other programs' waiters take for contenders; `nil` where nobody could look.
    var nestedNames: [LockName]?

    private static let slowWrite = Duration.milliseconds(100)

    var findings: [EngineFinding] { [reach, version, quorum, sessions, write, names] }

    private var reach: EngineFinding {
        let missing = servers.filter { !$0.isReached }
        guard let first = missing.first else {
            return EngineFinding("servers", .good, "all \(servers.count) that are named answer")
        }
        let names = missing.map { "\($0.endpoint)" }.joined(separator: ", ")
        return EngineFinding(
            "servers", missing.count == servers.count ? .failure : .warning,
            "\(names) does not answer: \(first.problem ?? "")", "start it, or take it out of the URL")
    }

    private var version: EngineFinding {
        let known = servers.compactMap(\.status?.version).sorted()
        guard let oldest = known.first else {
            return EngineFinding(
                "version", .unknown, "no server tells its version; srvr is not among its 4lw.commands.whitelist")
        }
        guard servers.contains(where: { $0.status?.watchesBelow == false }) else {
            return EngineFinding("version", .good, "the oldest server is \(oldest)")
        }
        return EngineFinding(
            "version", .warning, "a server is \(oldest), which cannot tell changes", "update to 3.6 or later")
    }

    private var quorum: EngineFinding {
        if case .failure(let error) = session {
            return EngineFinding(
                "quorum", .failure, error.message, "have a majority of the servers run and see each other")
        }
        let modes = servers.compactMap(\.status?.mode)
        let leaders = modes.filter { $0 == .leader }.count
        if modes.contains(.standalone) {
            return EngineFinding(
                "quorum", .warning, "the server is alone: while it is down nobody gets a lock",
                "run three or five servers")
        }
        guard leaders <= 1 else {
            return EngineFinding(
                "quorum", .failure, "\(leaders) servers say that they lead", "name the servers of one ensemble only")
        }
        if servers.count > 1, servers.count % 2 == 0 {
            return EngineFinding(
                "quorum", .warning, "\(servers.count) servers are named, an even number",
                "an odd number survives as many losses with one server less")
        }
        return EngineFinding("quorum", .good, "a majority serves")
    }

    private var sessions: EngineFinding {
        guard case .success(let timeout) = session else {
            return EngineFinding("sessions", .unknown, "no session could be had")
        }
        guard let tickTime else {
            return EngineFinding(
                "sessions", .warning, "the URL does not say the servers' tickTime, so grants are believed for less",
                "add tickTime= as in zoo.cfg, such as tickTime=2s")
        }
        // They give 2 ticks at least unless told otherwise, and we asked for those.
        guard timeout == tickTime * 2 else {
            return EngineFinding(
                "sessions", .warning,
                "asked for two ticks, \(tickTime * 2), the servers give a session of \(timeout)",
                "give the servers' own tickTime in the URL, or a minSessionTimeout that fits")
        }
        return EngineFinding("sessions", .good, "the servers give sessions from \(timeout) on, two ticks")
    }

    private var write: EngineFinding {
        guard let writeTime else { return EngineFinding("write time", .unknown, "nothing could be written") }
        let words = "a durable write took \(Int64(writeTime / .milliseconds(1))) ms"
        guard writeTime > Self.slowWrite else { return EngineFinding("write time", .good, words) }
        return EngineFinding(
            "write time", .warning, words,
            "give the servers' dataLogDir a disk of its own: a stalled sync ends sessions")
    }

    private var names: EngineFinding {
        guard let nestedNames else { return EngineFinding("names", .unknown, "nothing could be listed") }
        guard let name = nestedNames.first else {
            return EngineFinding("names", .good, "no lock in use lies below another one")
        }
        return EngineFinding(
            "names", .warning, "the lock \"\(name)\" lies below another lock that is in use",
            "where Curator waits for the upper one too, give the lower one another name: it waits for all that lies there"
        )
    }
}
