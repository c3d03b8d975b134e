import Testing

@testable import LockCore

/// 30 s of lease may be believed for 30·99/101 s less 10 ms.
private let validity30 = TimeSpan(nanoseconds: 29_405_940_594 - 10_000_000)

@Suite("The lease machine: time and belief (RULES 1–3)")
struct LeaseMachineTests {
    @Test("RULES 1: the rate error counts on both sides, and ε once")
    func twoSidedRateError() {
        #expect(LeaseRules.validity(of: .seconds(30)) == validity30)
        #expect(LeaseRules.validity(of: .seconds(101)) == .seconds(99) - .milliseconds(10))
        #expect(LeaseRules.validity(of: .zero) == .zero)
        #expect(LeaseRules.validity(of: .milliseconds(5)) == .zero)
        #expect(LeaseRules.validity(of: .seconds(-1)) == .zero)
        // The longest span there is neither overflows nor rounds to something else.
        #expect(LeaseRules.validity(of: .forever).nanoseconds == .max / 101 * 99 + .max % 101 * 99 / 101 - 10_000_000)
    }

    @Test("RULES 1: validity counts from the arming, never from the arrival of the answer")
    func countsFromTheArming() {
        let script = LeaseScript(arrival: .seconds(4))
        #expect(script.machine.validUntil == .at(validity30))
    }

    @Test("An engine that claims an arming in the future is believed from the arrival only")
    func armingInTheFuture() {
        let machine = LeaseMachine(
            .armed(at: .at(.seconds(9)), for: .seconds(30)), lease: .seconds(30), at: .at(.seconds(5)))
        #expect(machine.validUntil == .at(.seconds(5) + validity30))
    }

    @Test("RULES 3: the state is compared with the clock at each read, even where no timer ran")
    func stateIsReadNotStored() {
        var script = LeaseScript()
        script.moveClock(to: validity30 - TimeSpan(nanoseconds: 1))
        #expect(script.state == .held)
        script.moveClock(to: validity30)
        #expect(script.state == .lost(.expired))
        #expect(script.effects.isEmpty)
    }

    @Test("R3: a grant that arrives after its own end is lost from the start")
    func deadOnArrival() {
        let script = LeaseScript(arrival: .seconds(30))
        #expect(script.state == .lost(.expired))
    }

    @Test(
        "RULES 3: the margin is a sixth of the lease, 200 ms at least and 5 s at most",
        arguments: [(600, 200), (1_200, 200), (6_000, 1_000), (30_000, 5_000), (300_000, 5_000)] as [(Int64, Int64)])
    func margins(lease: Int64, margin: Int64) {
        #expect(LeaseRules.margin(of: .milliseconds(lease)) == .milliseconds(margin))
    }

    @Test("RULES 3: warn at two margins, stop at one, kill at a quarter, then lost")
    func lastMinutes() {
        var script = LeaseScript(renewEvery: .seconds(20))
        script.run(to: validity30 - .seconds(10) - TimeSpan(nanoseconds: 1))
        #expect(script.pushes == [])
        script.run(to: validity30 - .seconds(10))
        #expect(script.pushes == [.warning(remaining: .seconds(10))])
        script.stretch(to: validity30 - .seconds(5) - TimeSpan(nanoseconds: 1))
        #expect(script.effects == [])
        script.stretch(to: validity30 - .seconds(5))
        #expect(script.effects == [.push(.stop)])
        script.stretch(to: validity30 - .milliseconds(1_250) - TimeSpan(nanoseconds: 1))
        #expect(script.effects == [])
        script.stretch(to: validity30 - .milliseconds(1_250))
        #expect(script.effects == [.push(.kill)])
        #expect(script.state == .held)
        script.stretch(to: validity30)
        #expect(script.effects == [.push(.lost(.expired))])
        #expect(script.machine.isFinished)
    }

    @Test("After a pause past the end, stop, kill and loss come at once and without a warning")
    func pauseBeyondTheEnd() {
        var script = LeaseScript()
        script.moveClock(to: .seconds(60))
        script.machine.timeAdvanced(to: script.now, effects: &script.effects)
        #expect(script.effects == [.push(.stop), .push(.kill), .push(.lost(.expired))])
        #expect(script.machine.isFinished)
    }

    @Test("A renewal is due after a third of the lease, counted from the arming")
    func renewalAfterAThird() {
        var script = LeaseScript(arrival: .seconds(2))
        #expect(script.machine.nextDue == .at(.seconds(10)))
        script.stretch(to: .seconds(10))
        #expect(script.effects == [.renew])
        script.moveClock(to: .milliseconds(10_050))
        script.confirm(armedAt: .seconds(10))
        #expect(script.pushes == [.renewed(until: .at(.seconds(10) + validity30))])
        #expect(script.machine.nextDue == .at(.seconds(20)))
    }

    @Test("The renewal interval is configurable, and is cut to where the warning would come")
    func renewalInterval() {
        #expect(LeaseScript(renewEvery: .seconds(15)).machine.nextDue == .at(.seconds(15)))
        #expect(LeaseScript(renewEvery: .seconds(20)).machine.nextDue == .at(validity30 - .seconds(10)))
        #expect(LeaseRules.longestRenewalInterval(of: .seconds(30)) == .seconds(20))
    }

    @Test("A lease too short for its margins is still renewed before its end")
    func shortLease() throws {
        let script = LeaseScript(lease: .milliseconds(300))
        let end = try #require(script.machine.validUntil)
        let due = script.machine.nextRenewal
        #expect(try #require(due) < end)
    }

    @Test("R11: a failed renewal is tried again, and again, until the lease ends")
    func failedRenewals() {
        var script = LeaseScript()
        script.run(to: .seconds(10))
        var attempts = 0
        while !script.state.isLost {
            attempts += 1
            script.fail()
            script.run(to: (script.now - .at(.zero)) + .seconds(1))
        }
        #expect(attempts == 20)
        #expect(script.pushes == [.warning(remaining: .seconds(10)), .stop, .kill, .lost(.expired)])
    }

    @Test("One failed renewal followed by a good one leaves the lease as good as new")
    func recoversFromAFailure() {
        var script = LeaseScript()
        script.run(to: .seconds(10))
        script.fail()
        script.stretch(to: .seconds(11))
        #expect(script.effects == [.renew])
        script.confirm(armedAt: .seconds(11))
        #expect(script.state == .held)
        #expect(script.machine.validUntil == .at(.seconds(11) + validity30))
    }

    @Test("RULES 2: of a renewal that is transmitted again, the first transmission counts")
    func firstTransmissionCounts() {
        var script = LeaseScript()
        script.run(to: .seconds(10))
        script.moveClock(to: .seconds(14))
        let isSent = script.send()
        #expect(isSent)
        script.moveClock(to: .seconds(15))
        script.confirm(armedAt: .seconds(14))
        #expect(script.machine.validUntil == .at(.seconds(10) + validity30))
    }

    @Test("A session's proof of life that is older than the question counts from its own time")
    func olderProof() {
        var script = LeaseScript()
        script.run(to: .seconds(10))
        script.confirm(armedAt: .seconds(8))
        #expect(script.machine.validUntil == .at(.seconds(8) + validity30))
    }

    @Test("Never back from lost: a renewal answered after the end confirms nothing")
    func lateAnswer() {
        var script = LeaseScript()
        script.run(to: .seconds(10))
        script.moveClock(to: validity30)
        #expect(script.state == .lost(.expired))
        script.confirm(armedAt: .seconds(10))
        #expect(script.state == .lost(.expired))
        #expect(!script.pushes.contains(.renewed(until: .at(.seconds(10) + validity30))))
        script.doubt("whatever")
        script.lose(.superseded)
        script.moveClock(to: .zero)
        #expect(script.state == .lost(.expired))
    }

    @Test("R14: a renewal that finds another owner is a loss: stop at once, kill after the stop's grace")
    func supersededByRenewal() {
        var script = LeaseScript()
        script.run(to: .seconds(10))
        script.effects = []
        script.lose(.superseded)
        #expect(script.effects == [.push(.lost(.superseded)), .push(.stop)])
        script.stretch(to: .milliseconds(13_749))
        #expect(script.effects == [])
        script.stretch(to: .milliseconds(13_750))
        #expect(script.effects == [.push(.kill)])
        #expect(script.machine.isFinished)
    }

    @Test("What was stopped stays stopped, and is not told twice, when a late renewal saves the lease")
    func stopIsFinal() {
        var script = LeaseScript()
        script.run(to: validity30 - .seconds(4))
        #expect(script.pushes == [.warning(remaining: .seconds(10)), .stop])
        script.confirm(armedAt: .seconds(10))
        #expect(script.state == .held)
        script.effects = []
        script.run(to: .seconds(10) + validity30)
        #expect(!script.pushes.contains(.stop))
        #expect(script.pushes.suffix(2) == [.kill, .lost(.expired)])
    }

    @Test("The cap on the total hold ends a lease that is renewed all the time (R16)")
    func holdLimit() {
        var script = LeaseScript(holdLimit: .seconds(40))
        for second in stride(from: Int64(10), through: 30, by: 10) {
            script.run(to: .seconds(second))
            script.confirm(armedAt: .seconds(second))
        }
        #expect(script.machine.validUntil == .at(.seconds(40)))
        script.run(to: .seconds(40))
        #expect(script.state == .lost(.holdLimit))
        #expect(script.pushes.suffix(3) == [.stop, .kill, .lost(.holdLimit)])
    }

    @Test("What cannot run out is held for ever, wants no timer, and minds no pause")
    func unlimited() {
        var script = LeaseScript(validity: .unlimited)
        #expect(script.machine.validUntil == nil)
        #expect(script.machine.nextDue == nil)
        script.moveClock(to: .forever)
        script.machine.wakeUpWasLate(by: .seconds(999), at: script.now, effects: &script.effects)
        #expect(script.state == .held)
        #expect(script.effects == [])
    }

    @Test("What cannot run out still ends at its cap")
    func unlimitedWithCap() {
        var script = LeaseScript(holdLimit: .seconds(60), validity: .unlimited)
        script.run(to: .seconds(60))
        #expect(script.pushes == [.warning(remaining: .seconds(10)), .stop, .kill, .lost(.holdLimit)])
    }
}
