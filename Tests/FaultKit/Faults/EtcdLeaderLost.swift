import TestServers
import Lockstead
import LocksteadTesting

/// F-E1: the member that leads, and that all clients ask, is killed, stopped, or cut off: from its peers alone, or with the holder.
struct EtcdLeaderLost: FaultPlay {
    enum Mode: String, CaseIterable {
        case killed = "leader killed"
        case stopped = "leader stopped"
        case isolated = "leader isolated from its peers"
        case cutOff = "leader and holder cut off"

        /// Whether it takes a second network.
        var isSplit: Bool { self == .isolated || self == .cutOff }
    }

    /// Longer than an election and the patience with a member that does not answer.
    let lease: Duration? = .seconds(8)
    /// An election begins 1 to 2 s after the leader's last word, and again that much later where two of them fell together.
    private static let recovery = Duration.seconds(5)

    func bring(to stage: Stage) async throws {
        guard let engine = stage.engine as? EtcdUnderFault, let mode = Mode(rawValue: stage.mode.name) else {
            throw Obstacle("this engine has no members")
        }
        try await engine.cluster.letLead(engine.cluster.members[0])
        try await stage.open()
        do { try await bring(mode, engine, stage) } catch {
            // A worker that is cut off cannot end in good order.
            if mode.isSplit { try? await engine.partition(false) }
            throw error
        }
        try await stage.close()
    }

    private func bring(_ mode: Mode, _ engine: EtcdUnderFault, _ stage: Stage) async throws {
        // A renewal follows at once, which the old leader alone takes.
        if mode == .cutOff { try await stage.pass(stage.lease / 3 - .milliseconds(700)) }
        stage.begin("leader", mode.rawValue)
        let begin = stage.time.now
        try await take(mode, engine)
        try await engine.cluster.awaitLeader(among: 1...)
        stage.strike()
        let struck = stage.time.now
        stage.note("another leader after \(begin.duration(to: struck).milliseconds) ms")
        // The one who is cut off waits in the queues of the crowd, too; where it is the next in each, all wait for its lease's end.
        let limit = mode == .cutOff ? Self.recovery + stage.lease : Self.recovery
        stage.later { $0.lateness(since: begin, from: struck, atMost: limit) }
        switch mode {
        case .cutOff: try await Outcast.isSucceeded(stage, since: begin)
        // Stopped for longer than a lease, one of this version may revoke live leases when it goes on, as after a stall.
        case .stopped: try await stage.time.sleep(until: begin.advanced(by: stage.lease / 2))
        case .killed, .isolated: try await Aftermath.await(stage)
        }
        try await heal(mode, engine)
        stage.cease("leader")
        // An old leader that comes back ends nobody's lease (R50).
        if mode == .cutOff { try await Outcast.isRefused(stage) } else { try await Aftermath.await(stage) }
    }

    private func take(_ mode: Mode, _ engine: EtcdUnderFault) async throws {
        switch mode {
        case .killed: engine.cluster.members[0].kill()
        case .stopped: engine.cluster.members[0].pause()
        case .isolated, .cutOff: try await engine.partition(true)
        }
    }

    private func heal(_ mode: Mode, _ engine: EtcdUnderFault) async throws {
        switch mode {
        case .killed: try await engine.cluster.members[0].restart()
        case .stopped: engine.cluster.members[0].resume()
        case .isolated, .cutOff: try await engine.partition(false)
        }
    }
}
