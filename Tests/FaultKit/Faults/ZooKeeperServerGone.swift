import Lockstead
import LocksteadTesting
import TestServers

/// F-Z1: one server after the other is killed or stopped, and comes back: sessions, locks and places go on at the others.
struct ZooKeeperServerGone: FaultPlay {
    enum Mode: String, CaseIterable {
        case killed = "each server killed in turn"
        case stopped = "each server stopped in turn"
    }

    /// Longer than an election and the patience with a server that does not answer.
    let lease: Duration? = .seconds(8)

    func bring(to stage: Stage) async throws {
        guard let engine = stage.engine as? ZooKeeperUnderFault, let mode = Mode(rawValue: stage.mode.name) else {
            throw Obstacle("this engine has no servers")
        }
        try await stage.open()
        stage.begin("server", mode.rawValue)
        stage.strike()
        for server in engine.ensemble.servers {
            if mode == .killed { server.kill() } else { server.pause() }
            try await Aftermath.await(stage)
            if mode == .killed { try await server.restart() } else { server.resume() }
            try await server.waitUntilServing()
        }
        stage.cease("server")
        stage.check(!stage.workers[0].hasSaid("lost \(Stage.prize)"), "the holder keeps its lock through all of it")
        try await stage.close()
    }
}
