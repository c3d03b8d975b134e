import Lockstead

/// What the members of a cluster said of themselves, to be judged.
struct ClusterReport: Sendable {
    /// One member that was named.
    struct Member: Sendable {
        let endpoint: EtcdEndpoint
        /// What it said; `nil` where it did not answer.
        var version: EtcdVersion?
        var leader: UInt64 = 0
        var isReached = false
        var problem: String?
    }

    var members: [Member]
    /// How many the cluster says it has; `nil` where it does not tell.
    var memberCount: Int?
    var alarms: [String] = []
    /// How long three writes took, the slowest; `nil` where none was allowed.
    var writeTime: Duration?
    /// Names that lie below others that are in use too, which other programs' waiters take for contenders.
    var nestedNames: [LockName] = []

    /// A write takes a sync on a majority; longer ones endanger leases.
    private static let slowWrite = Duration.milliseconds(100)

    var findings: [EngineFinding] { [reach, version, leader, space, write, names] }

    private var reached: [Member] { members.filter(\.isReached) }

    private var reach: EngineFinding {
        let missing = members.filter { !$0.isReached }
        guard let first = missing.first else {
            let known = memberCount.map { " of \($0)" } ?? ""
            return EngineFinding("members", .good, "\(reached.count)\(known) members answer")
        }
        let names = missing.map { "\($0.endpoint)" }.joined(separator: ", ")
        return EngineFinding(
            "members", reached.isEmpty ? .failure : .warning, "\(names) does not answer: \(first.problem ?? "")",
            "start it, or take it out of the URL")
    }

    private var version: EngineFinding {
        guard let oldest = reached.compactMap(\.version).min() else {
            return EngineFinding("version", .unknown, "no member tells its version")
        }
        guard !oldest.keepsLeases else { return EngineFinding("version", .good, "the oldest member is \(oldest)") }
        return EngineFinding(
            "version", .warning, "a member is \(oldest), which may drop live leases: locks are advisory",
            "update to 3.4.38, 3.5.23, 3.6.5 or later")
    }

    private var leader: EngineFinding {
        let leaders = Set(reached.map(\.leader))
        guard let leader = leaders.first, leaders.count == 1, leader != 0 else {
            return EngineFinding(
                "leader", leaders.isEmpty ? .unknown : .failure, "the members that answer agree on no leader",
                "have a majority of the members run and see each other")
        }
        return EngineFinding("leader", .good, "all members that answer follow one leader")
    }

    private var space: EngineFinding {
        guard !alarms.isEmpty else { return EngineFinding("space", .good, "no alarm is raised") }
        return EngineFinding(
            "space", .failure, "the cluster raised \(alarms.joined(separator: ", "))",
            "compact and defragment the store, or replace the member that is corrupt, then disarm the alarm")
    }

    private var write: EngineFinding {
        guard let writeTime else { return EngineFinding("write time", .unknown, "the user may not write there") }
        let words = "a durable write took \(writeTime.wholeMilliseconds) ms"
        guard writeTime > Self.slowWrite else { return EngineFinding("write time", .good, words) }
        return EngineFinding(
            "write time", .warning, words, "give the members faster disks: a stalled sync ends leases and leaders")
    }

    private var names: EngineFinding {
        guard let name = nestedNames.first else {
            return EngineFinding("names", .good, "no lock in use lies below another one")
        }
        return EngineFinding(
            "names", .warning, "the lock \"\(name)\" lies below another lock that is in use",
            "where other programs wait for the upper one too, give the lower one another name: they wait for both")
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int64 { Int64(self / .milliseconds(1)) }
}
