import Glibc
import Lockstead
import Synchronization
import TestServers

/// Three members of etcd, of which the first is asked by all clients.
final class EtcdUnderFault: EngineUnderFault {
    let port: UInt16?
    let cluster: EtcdCluster
    private let mode: FaultMode
    private let site: RemoteSite?
    /// The first worker's way to each member, where a fault is brought to it.
    private let ways: [Relay]
    private let folder: String
    private let stall = Mutex<SyncStall?>(nil)

    init(_ cluster: EtcdCluster, _ mode: FaultMode, _ site: RemoteSite?, hasWays: Bool, in folder: String) throws {
        (self.cluster, self.mode, self.site, self.folder) = (cluster, mode, site, folder)
        port = UInt16(exactly: cluster.members[0].port)
        ways = hasWays ? try cluster.members.map { try Relay(to: UInt16(clamping: $0.port)) } : []
    }

    var url: String { "etcd://\(cluster.authority)" }
    func url(through port: UInt16) -> String { "etcd://127.0.0.1:\(port)" }

    func url(ofWorker number: Int) -> String {
        guard number == 0 else { return url }
        if mode.name == EtcdSyncStalled.Mode.leaderAlone.rawValue { return "etcd://\(cluster.members[0].authority)" }
        return ways.isEmpty ? url : "etcd://" + ways.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
    }

    /// What the first worker sends and gets, from now on.
    func setWays(_ change: (inout RelayRules) -> Void) { for way in ways { way.set(change) } }

    /// The holder is on the leader's side of a partition.
    func launcher(ofWorker number: Int) -> [String] {
        let isFar = number == 0 && mode.name == EtcdLeaderLost.Mode.cutOff.rawValue
        return isFar ? site?.far.launcher ?? [] : []
    }

    /// Cuts the first member off from the others, alone or together with all that is on its side, or joins them again.
    func partition(_ isCut: Bool) async throws {
        guard let site else { throw Obstacle("these members are in one network") }
        guard isCut else { return try await site.heal() }
        guard mode.name == EtcdLeaderLost.Mode.isolated.rawValue else { return try await site.cut() }
        try await site.cut(cluster.members.map(\.peerPort))
    }

    func end() async {
        for way in ways { way.end() }
        // A program that is traced cannot be waited for.
        stall.withLock { $0.take() }?.abandon()
        cluster.kill()
        site?.end()
    }

    // MARK: A stalled disk

    /// Has the first member's syncs stall: all of them, or those of its log alone, as where that is on a disk of its own.
    func stallSyncs(ofLogAlone: Bool) async throws {
        let member = cluster.members[0]
        guard let process = member.processID else { throw Obstacle("the member does not run") }
        let new = try await SyncStall(
            of: process, file: ofLogAlone ? member.logFile : nil, log: folder + "/first-member.syncs")
        stall.withLock { $0 = new }
    }

    /// Lets the syncs return.
    ///
    /// - Returns: How many had been held.
    func resumeSyncs() async -> Int {
        guard let stall = stall.withLock({ $0.take() }) else { return 0 }
        await stall.end()
        return stall.heldCount
    }

    /// Kills the first member while its syncs stall: none of them returns.
    ///
    /// - Returns: How many had been held.
    func killStalled() -> Int {
        guard let stall = stall.withLock({ $0.take() }), let process = cluster.members[0].processID else { return 0 }
        Glibc.kill(process, SIGKILL)
        stall.abandon()
        cluster.members[0].kill()
        return stall.heldCount
    }
}
