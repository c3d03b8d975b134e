import TestServers
import Lockstead

/// F-E2: the signs of life of a holder do not arrive until its lease has run out, or nothing of it does, or no answer comes back.
struct EtcdKeepAliveBlocked: FaultPlay {
    enum Mode: String, CaseIterable {
        case keepAlives = "keepalives withheld, all else passes"
        case outward = "nothing arrives"
        case inward = "no answer comes back"
    }

    func bring(to stage: Stage) async throws {
        guard let engine = stage.engine as? EtcdUnderFault, let mode = Mode(rawValue: stage.mode.name) else {
            throw Obstacle("this engine has no signs of life")
        }
        try await stage.open()
        let begin = stage.time.now
        stage.begin("keepalive", mode.rawValue)
        stage.strike()
        block(mode, engine)
        if mode == .keepAlives { try await showThatOthersPass(stage) }
        try await stage.time.sleep(until: begin.advanced(by: stage.lease * 2))
        engine.setWays { $0 = RelayRules() }
        stage.cease("keepalive")
        try await Outcast.isSucceeded(stage, since: begin)
        try await Outcast.isRefused(stage)
        try await stage.close()
    }

    private func block(_ mode: Mode, _ engine: EtcdUnderFault) {
        engine.setWays { rules in
            switch mode {
            case .keepAlives: rules.withholdsKeepAlives = true
            case .outward: rules.frozen = [.toServer]
            case .inward: rules.frozen = [.toClient]
            }
        }
    }

    /// The same worker, by the same way, is granted another lock meanwhile.
    private func showThatOthersPass(_ stage: Stage) async throws {
        stage.workers[0].say("ask \(Stage.second)")
        _ = try await stage.workers[0].hear("inside \(Stage.second)", within: .seconds(2))
        stage.note("another lock was granted to it while no sign of life arrived")
        stage.workers[0].say("leave \(Stage.second)")
        _ = try await stage.workers[0].hear("left \(Stage.second)")
    }
}
