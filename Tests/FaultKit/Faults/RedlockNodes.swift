import Lockstead
import LocksteadEngines
import LocksteadTesting
import Logging

/// F-R6: nodes of Redlock are killed with locks held, or started empty, or slow.
struct RedlockNodes: FaultPlay {
    enum Mode: String, CaseIterable {
        case oneDown = "1 of 5 down"
        case twoDown = "2 of 5 down"
        case threeDown = "3 of 5 down"
        case oneEmpty = "1 of 5 restarted empty"
        case oneSlow = "1 of 5 slow by 2 s"
    }

    func bring(to stage: Stage) async throws {
        guard let engine = stage.engine as? RedlockUnderFault, let mode = Mode(rawValue: stage.mode.name) else {
            throw Obstacle("this engine has no independent nodes")
        }
        try await stage.open()
        let begin = stage.time.now
        stage.begin("redlock", stage.mode.name)
        try await bring(mode, engine, stage)
        stage.strike()
        stage.later { facts in
            recovery(facts, begin, stage.found.struck ?? begin)
        }
        if mode == .threeDown {
            try await engine.restart(nodes: 0..<3, empty: false)
            stage.strike()
        } else {
            try await Aftermath.await(stage)
        }
        try await heal(mode, engine)
        stage.cease("redlock")
        try await stage.close()
    }

    private func bring(_ mode: Mode, _ engine: RedlockUnderFault, _ stage: Stage) async throws {
        switch mode {
        case .oneDown: try await engine.kill(nodes: 0..<1)
        case .twoDown: try await engine.kill(nodes: 0..<2)
        case .threeDown:
            try await engine.kill(nodes: 0..<3)
            try await checkFailsFast(stage)
        case .oneEmpty:
            try await engine.kill(nodes: 0..<1)
            try await engine.restart(nodes: 0..<1, empty: true)
        case .oneSlow: engine.slow(by: .seconds(2))
        }
    }

    private func heal(_ mode: Mode, _ engine: RedlockUnderFault) async throws {
        switch mode {
        case .oneDown: try await engine.restart(nodes: 0..<1, empty: false)
        case .twoDown: try await engine.restart(nodes: 0..<2, empty: false)
        case .oneSlow: engine.slow(by: .zero)
        case .threeDown, .oneEmpty: break
        }
    }

    /// Without a majority an acquire with a minute to wait is told so at once.
    private func checkFailsFast(_ stage: Stage) async throws {
        var logger = Logger(label: "faults")
        logger.logLevel = .critical
        let start = stage.time.now
        var code: LockError.Code?
        do {
            try await LockClient.with(try Engines.open(stage.engine.url), logger: logger) { client in
                try await client.withLock(Stage.second, waitingAtMost: .seconds(60)) { _ in }
            }
        } catch let error as LockError {
            code = error.code
        }
        let took = start.duration(to: stage.time.now)
        stage.check(
            code == .engineUnavailable && took < .seconds(2),
            "without a majority an acquire is told \(code.map { "\($0)" } ?? "nothing") within 2 s, after \(took / .milliseconds(1)) ms"
        )
    }

    private func recovery(_ facts: HistoryFacts, _ begin: ContinuousTime, _ struck: ContinuousTime) -> String? {
        guard let first = facts.firstGrant(after: struck.nanoseconds) else { return "nothing was granted afterwards" }
        let took = (first - begin.nanoseconds) / 1_000_000
        return took <= 5_000 ? nil : "the first new grant came \(took) ms after the fault (at most 5000)"
    }
}
