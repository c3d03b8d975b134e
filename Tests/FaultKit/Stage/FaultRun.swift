import Lockstead
import LocksteadTesting

/// One fault on one engine under one setting, from the start of its servers to the verdict.
package struct FaultRun: Sendable {
    package let kind: any EngineKind
    package let fault: FaultID
    package let mode: FaultMode
    package let setting: StageSetting

    package init(_ kind: any EngineKind, _ fault: FaultID, _ mode: FaultMode, _ setting: StageSetting) {
        (self.kind, self.fault, self.mode, self.setting) = (kind, fault, mode, setting)
    }

    /// Brings the fault, heals it, ends all that was started, and judges.
    ///
    /// - Returns: What came of it; never throws, since what goes wrong is a finding.
    package func report() async -> FaultReport {
        let time = SystemTimeSource()
        let start = time.now
        var report: FaultReport
        do {
            report = try await play()
        } catch let obstacle as Obstacle {
            report = FaultReport(engine: kind.name, fault: fault, mode: mode, verdict: .skipped)
            report.reasons = [obstacle.description]
        } catch {
            report = FaultReport(engine: kind.name, fault: fault, mode: mode, verdict: .violated)
            report.reasons = ["the run broke off: \(error)"]
        }
        report.seconds = Self.seconds(start, time.now)
        return report
    }

    private func play() async throws -> FaultReport {
        let play = FaultCatalogue.play(of: fault)
        guard kind.hasNetwork || !play.needsNetwork else { throw Obstacle("the \(kind.name) engine has no network") }
        let stage = try await Stage(
            kind, mode, setting, relays: play.needsRelays, preloads: play.needsPreloads, lease: play.lease,
            crowd: play.crowd(mode))
        do {
            try await play.bring(to: stage)
        } catch let obstacle as Obstacle {
            await stage.end()
            throw obstacle
        } catch {
            stage.fail("the run broke off: \(error)")
        }
        await stage.end()
        return try judge(stage)
    }

    private func judge(_ stage: Stage) throws -> FaultReport {
        try writeFinals(stage)
        var rules = JudgeRules()
        // Even advisory tokens rise as long as the engine forgets none, and its clock is not set back where it does.
        rules.usesTokens = true
        rules.slack = .seconds(3)
        rules.mostViolations = 10_000
        let history = try HistoryJudge(rules: rules).judge(contentsOf: stage.folder + "/history")
        let control = try HistoryJudge(rules: rules).judge(contentsOf: stage.folder + "/control")
        let facts = try HistoryFacts(contentsOf: stage.folder + "/history")
        var failures = stage.found.failures + stage.found.later.compactMap { $0(facts) }
        if stage.found.controlMustLose, control.statistics.lostUpdates == 0 {
            failures.append("the resource that checks no tokens lost no update: the control did not trip")
        }
        if let failure = stage.recorder.failure { failures.append("the history has a hole: \(failure)") }
        if history.statistics.grants == 0 { failures.append("nothing was granted: nothing was tested") }
        let (verdict, reasons) = mode.expectation.verdict(Set(history.violations.map(\.kind)), failures: failures)
        var report = FaultReport(engine: kind.name, fault: fault, mode: mode, verdict: verdict)
        report.reasons = reasons
        report.notes = stage.found.notes
        fill(&report, history, control, facts, stage)
        return report
    }

    private func writeFinals(_ stage: Stage) throws {
        for name in stage.names {
            let paths = [true, false].map { WorkerOptions.ledger(of: name, in: stage.folder, isFenced: $0) }
            let lock = try LockName(name)
            _ = try LedgerFile(paths[0], of: lock, recorder: stage.recorder).finalValues()
            _ = try LedgerFile(paths[1], of: lock, fencing: .none, recorder: stage.control).finalValues()
        }
    }

    private func fill(
        _ report: inout FaultReport, _ history: Judgement, _ control: Judgement, _ facts: HistoryFacts,
        _ stage: Stage
    ) {
        report.violations = Dictionary(history.violations.map { ($0.kind.rawValue, 1) }, uniquingKeysWith: +)
        // One that was forgotten stands against each that is granted before it can have run out.
        report.overlaps = history.violations.count { Expectation.signsOfForgetting.contains($0.kind) }
        report.grants = history.statistics.grants
        report.zombies = history.statistics.zombies
        report.refusedAccesses = history.statistics.refusedAccesses
        report.lostUpdates = history.statistics.lostUpdates
        report.lostUpdatesUnfenced = control.statistics.lostUpdates
        if report.verdict == .violated, let first = history.violations.first {
            report.reasons.append("first: \(first.message) (lines \(first.lines))")
        }
        guard let began = stage.found.began else { return }
        let struck = (stage.found.struck ?? began).nanoseconds
        let (first, next) = (facts.firstGrant(after: struck), facts.firstGrant(after: struck, of: Stage.prize))
        report.secondsToFirstGrant = first.map { Self.seconds(began, ContinuousTime(nanoseconds: $0)) }
        report.secondsToNextHolder = next.map { Self.seconds(began, ContinuousTime(nanoseconds: $0)) }
        let (alive, kept) = facts.survival(at: struck)
        (report.grantsAlive, report.grantsKept) = (alive, kept)
        if alive > 0 { report.survivalPercent = 100 * Double(kept) / Double(alive) }
    }

    private static func seconds(_ from: ContinuousTime, _ to: ContinuousTime) -> Double {
        Double(to.nanoseconds - from.nanoseconds) / 1e9
    }
}
