import LocksteadTesting
import Testing

@testable import FaultKit

struct ExpectationTests {
    @Test("What is expected to hold is held only without a violation and without a failed check")
    func holds() {
        #expect(Expectation.holds.verdict([], failures: []).0 == .held)
        #expect(Expectation.holds.verdict([.overlap], failures: []).0 == .violated)
        #expect(Expectation.holds.verdict([], failures: ["late"]) == (.violated, ["late"]))
    }

    @Test("An engine that is expected to forget must forget: a control that does not trip is a failure")
    func forgets() {
        #expect(Expectation.forgets.verdict([.earlyExpiry], failures: []).0 == .asDocumented)
        #expect(Expectation.forgets.verdict([.serverOverlap, .earlyExpiry], failures: []).0 == .asDocumented)
        #expect(Expectation.forgets.verdict([], failures: []).0 == .violated)
        #expect(Expectation.forgets.verdict([.earlyExpiry], failures: ["nobody got it"]).0 == .violated)
    }

    @Test(
        "Forgetting excuses neither a token given twice nor a stale access served", arguments: Violation.Kind.allCases)
    func excuses(kind: Violation.Kind) {
        let isExcused = Expectation.forgets.verdict([.earlyExpiry, kind], failures: []).0 == .asDocumented
        #expect(isExcused == Expectation.signsOfForgetting.contains(kind))
    }

    @Test("Faults are named with and without their prefix, in any case")
    func names() {
        #expect(FaultID("G1") == .clientPaused && FaultID("f-g1") == .clientPaused && FaultID("F-R2") == .serverClock)
        #expect(FaultID("F-X9") == nil && FaultID("") == nil)
        #expect(FaultID.answerLost.text == "F-G5")
    }

    @Test("Each persistence mode of a killed Redis has its own expectation, for a killed process and for lost power")
    func modesOfRedis() {
        let modes = RedisKind().modes(of: .serverKilled)
        let forgetting = modes.filter { $0.expectation == .forgets }.map(\.name)
        #expect(modes.count == 6)
        #expect(forgetting == ["nothing kept, killed", "snapshots, killed", "everysec, power lost"])
    }

    @Test("Etcd forgets where an old leader goes on after a stall, and where an operator revokes the holder's lease")
    func modesOfEtcd() {
        let kind = EtcdKind()
        let modes = kind.faults.flatMap(kind.modes)
        #expect(
            modes.filter { $0.expectation == .forgets }.map(\.name)
                == ["leader stalled, then goes on", "the holder's lease revoked"])
        #expect(modes.count == 6 + 4 + 3 + 4 + 3)
        #expect(FaultID("F-E3") == .syncStalled)
    }
}
