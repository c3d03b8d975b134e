import Lockstead
import TestServers

/// An ensemble of three ZooKeeper servers.
package struct ZooKeeperKind: EngineKind {
    package let name = "zookeeper"
    package let lease = Duration.seconds(3)
    package let hasNetwork = true
    package let faults =
        FaultID.ofClients + [
            .serverGone, .sessionEnded, .followerCutOff, .leaderKilled, .numbersBegin, .leaderDeposed,
        ]

    package init() {}

    /// A session that is ended by hand frees its locks at once (docs/backends/zookeeper.md).
    package func modes(of fault: FaultID) -> [FaultMode] {
        switch fault {
        case .serverGone: ZooKeeperServerGone.Mode.allCases.map { FaultMode($0.rawValue) }
        case .sessionEnded:
            ZooKeeperSessionEnded.Mode.allCases.map { FaultMode($0.rawValue, $0 == .holder ? .forgets : .holds) }
        case .followerCutOff: [FaultMode(ZooKeeperServerDeposed.Mode.follower.rawValue)]
        case .leaderDeposed: [FaultMode(ZooKeeperServerDeposed.Mode.leader.rawValue)]
        case .numbersBegin: ZooKeeperNumbersBegin.Mode.allCases.map { FaultMode($0.rawValue) }
        default: [FaultMode("three servers")]
        }
    }

    package func start(_ mode: FaultMode, in folder: String) async throws -> any EngineUnderFault {
        let deposed = ZooKeeperServerDeposed.Mode(rawValue: mode.name)
        let site = deposed == nil ? nil : try await RemoteSite()
        do {
            var setup = ZooKeeperServer.Setup(tickTime: ZooKeeperUnderFault.tickMilliseconds)
            if mode.name == ZooKeeperNumbersBegin.Mode.atTheEnd.rawValue {
                setup.counts = ZooKeeperNumbersBegin.counts
            }
            let ensemble = try await ZooKeeperEnsemble(
                setup, ofFirst: deposed == nil ? [] : ["syncLimit=\(ZooKeeperServerDeposed.ticksOfPatience)"],
                firstLeads: deposed == .leader, place: site?.near ?? .loopback, site: site?.far)
            return ZooKeeperUnderFault(ensemble, mode, site)
        } catch let error as ServerError {
            site?.end()
            throw Obstacle(error.description)
        }
    }
}
