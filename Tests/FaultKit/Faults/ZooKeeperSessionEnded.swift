import Lockstead
import LocksteadTesting
import TestServers

/// F-Z2: a session is over while its client lives; ended by hand, as when it expired.
struct ZooKeeperSessionEnded: FaultPlay {
    enum Mode: String, CaseIterable {
        case waiter = "a waiter's session ended"
        /// Exclusion ends by the operator's own hand: who waits is granted the lock at once.
        case holder = "the holder's session ended"
    }

    func bring(to stage: Stage) async throws {
        guard let engine = stage.engine as? ZooKeeperUnderFault, let mode = Mode(rawValue: stage.mode.name) else {
            throw Obstacle("this engine has no sessions")
        }
        if mode == .waiter { try await stage.line() } else { try await stage.open() }
        let sessions = try engine.sessions(of: Stage.prize)
        guard sessions.count == (mode == .waiter ? 3 : 2) else {
            throw Obstacle("\(sessions.count) nodes in the queue")
        }
        let server = engine.ensemble.servers[1]
        if mode == .waiter {
            try await stage.loseWaiter { try ZooKeeperLine.end(sessions[1], at: server) }
        } else {
            try await stage.loseHolder { try ZooKeeperLine.end(sessions[0], at: server) }
        }
        try await stage.close()
    }
}
