import Lockstead
import TestServers

/// A cluster of three members of etcd.
package struct EtcdKind: EngineKind {
    package let name = "etcd"
    package let lease = Duration.seconds(3)
    /// The general faults are brought to clients that know one member, by a relay.
    package let hasNetwork = true
    package let faults = FaultID.ofClients + [.leaderLost, .keepAliveBlocked, .syncStalled, .queueDisturbed]

    /// The default from 3.5 on: without it a member that comes back after a while makes the others elect again, for up to 7 s.
    private static let setup = EtcdServer.Setup(options: ["--pre-vote"])

    package init() {}

    /// What members before 3.4.38, 3.5.23 and 3.6.5 drop, and what is revoked by hand, is granted again (docs/backends/etcd.md).
    package func modes(of fault: FaultID) -> [FaultMode] {
        switch fault {
        case .leaderLost: EtcdLeaderLost.Mode.allCases.map { FaultMode($0.rawValue) }
        case .keepAliveBlocked: EtcdKeepAliveBlocked.Mode.allCases.map { FaultMode($0.rawValue) }
        case .syncStalled:
            EtcdSyncStalled.Mode.allCases.map { FaultMode($0.rawValue, $0 == .leaderResumed ? .forgets : .holds) }
        case .queueDisturbed:
            EtcdQueueDisturbed.Mode.allCases.map { FaultMode($0.rawValue, $0 == .holderRevoked ? .forgets : .holds) }
        default: [FaultMode("three members")]
        }
    }

    package func start(_ mode: FaultMode, in folder: String) async throws -> any EngineUnderFault {
        let isSplit = EtcdLeaderLost.Mode(rawValue: mode.name)?.isSplit ?? false
        let site = isSplit ? try await RemoteSite() : nil
        do {
            let cluster = try await EtcdCluster(Self.setup, place: site?.near ?? .loopback, site: site?.far)
            let hasWays = EtcdKeepAliveBlocked.Mode(rawValue: mode.name) != nil
            return try EtcdUnderFault(cluster, mode, site, hasWays: hasWays, in: folder)
        } catch let error as ServerError {
            site?.end()
            throw Obstacle(error.description)
        }
    }
}
