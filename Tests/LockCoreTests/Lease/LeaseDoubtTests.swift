import Testing

@testable import LockCore

@Suite("The lease machine: doubt, release and dropped handles")
struct LeaseDoubtTests {
    @Test("RULES 2: an unconfirmed grant is not held before a renewal has confirmed it")
    func unconfirmed() {
        var script = LeaseScript(validity: .unconfirmed)
        #expect(script.state == .suspect(LeaseMachine.awaitsConfirmation))
        #expect(script.machine.nextDue == script.now)
        script.stretch(to: .zero)
        #expect(script.effects == [.renew])
        script.moveClock(to: .milliseconds(80))
        script.confirm(armedAt: .zero, for: .seconds(6))
        #expect(script.state == .held)
        #expect(script.pushes == [.renewed(until: .at(LeaseRules.validity(of: .seconds(6)))), .held])
    }

    @Test("A hand-over's short claim is renewed at its own pace, not at that of the lease asked for")
    func shortClaim() {
        var script = LeaseScript(validity: .unconfirmed)
        script.run(to: .zero)
        script.confirm(armedAt: .zero, for: .seconds(3))
        #expect(script.machine.nextDue == .at(.seconds(1)))
    }

    @Test("A grant that is never confirmed is lost after one lease")
    func neverConfirmed() {
        var script = LeaseScript(validity: .unconfirmed)
        script.run(to: .zero)
        while !script.state.isLost {
            script.fail()
            script.run(to: script.now - .at(.zero) + .seconds(1))
            #expect(script.state != .held)
        }
        #expect(script.state == .lost(.expired))
    }

    @Test(
        "RULES 3: a wake-up late by more than max(250 ms, TTL/10) is a pause",
        arguments: [(1_000, 250), (2_500, 250), (30_000, 3_000)] as [(Int64, Int64)])
    func lateWakeUp(lease: Int64, threshold: Int64) {
        var script = LeaseScript(lease: .milliseconds(lease))
        script.machine.wakeUpWasLate(by: .milliseconds(threshold), at: script.now, effects: &script.effects)
        #expect(script.state == .held)
        let late = TimeSpan.milliseconds(threshold) + TimeSpan(nanoseconds: 1)
        script.machine.wakeUpWasLate(by: late, at: script.now, effects: &script.effects)
        #expect(script.state == .suspect("the process or the machine paused"))
    }

    @Test(
        "R7: a wall clock that moved by more than the threshold, forward or back, casts doubt and ends nothing",
        arguments: [1, -1] as [Int64])
    func wallClockJump(direction: Int64) {
        var script = LeaseScript()
        let threshold = TimeSpan.seconds(3) * direction
        script.machine.wallClockMoved(by: threshold, at: script.now, effects: &script.effects)
        #expect(script.state == .held)
        script.machine.wallClockMoved(
            by: threshold + TimeSpan(nanoseconds: direction), at: script.now, effects: &script.effects)
        #expect(script.state == .suspect("the wall clock jumped"))
        #expect(script.machine.validUntil == .at(LeaseRules.validity(of: .seconds(30))))
    }

    @Test("Doubt asks for a renewal at once, and only a renewal takes it away")
    func doubtAndConfirmation() {
        var script = LeaseScript()
        script.moveClock(to: .seconds(3))
        script.doubt("the primary changed")
        #expect(script.machine.nextDue == .at(.seconds(3)))
        script.stretch(to: .seconds(3))
        #expect(script.effects == [.renew])
        #expect(script.state == .suspect("the primary changed"))
        script.fail()
        #expect(script.state == .suspect("the primary changed"))
        script.run(to: .seconds(4))
        script.confirm(armedAt: .seconds(4))
        #expect(script.state == .held)
    }

    @Test("A renewal that was on its way when the doubt arose confirms nothing, and another is sent at once")
    func staleConfirmation() {
        var script = LeaseScript()
        script.run(to: .seconds(10))
        script.moveClock(to: .milliseconds(10_020))
        script.doubt("the primary changed")
        script.moveClock(to: .milliseconds(10_040))
        script.confirm(armedAt: .seconds(10))
        #expect(script.state == .suspect("the primary changed"))
        #expect(script.machine.nextDue == .at(.milliseconds(10_040)))
        #expect(script.machine.validUntil == .at(LeaseRules.validity(of: .seconds(30))))
    }

    @Test("A word that may have been missed asks for a renewal at once and casts no doubt", arguments: [false, true])
    func missedWord(isUnlimited: Bool) {
        var script = LeaseScript(validity: isUnlimited ? .unlimited : nil)
        script.moveClock(to: .seconds(3))
        script.missWord()
        #expect(script.state == .held)
        script.stretch(to: .seconds(3))
        #expect(script.effects == [.renew])
        #expect(script.state == .held)
        script.fail()
        script.stretch(to: .seconds(4))
        #expect(script.effects == [.renew])
        if isUnlimited { script.confirm(.unlimited) } else { script.confirm(armedAt: .seconds(4)) }
        let next = ContinuousTime.at(.seconds(14))
        #expect(script.machine.nextDue == (isUnlimited ? nil : next))
    }

    @Test("A renewal that was on its way when a word was missed counts, and another is sent at once")
    func missedWordBesideRenewal() {
        var script = LeaseScript()
        script.run(to: .seconds(10))
        script.moveClock(to: .milliseconds(10_020))
        script.missWord()
        script.moveClock(to: .milliseconds(10_040))
        script.confirm(armedAt: .seconds(10))
        #expect(script.machine.validUntil == .at(.seconds(10) + LeaseRules.validity(of: .seconds(30))))
        #expect(script.machine.nextDue == .at(.milliseconds(10_040)))
        script.stretch(to: .milliseconds(10_040))
        #expect(script.effects == [.renew])
        script.confirm(armedAt: .milliseconds(10_040))
        #expect(script.machine.nextDue == .at(.milliseconds(20_040)))
    }

    @Test("A renewal that was on its way and fails leaves the other one due at once", arguments: [false, true])
    func missedWordBesideFailure(isDoubted: Bool) {
        var script = LeaseScript()
        script.run(to: .seconds(10))
        script.moveClock(to: .milliseconds(10_020))
        if isDoubted { script.doubt("the primary changed") } else { script.missWord() }
        script.moveClock(to: .milliseconds(10_040))
        script.fail()
        #expect(script.machine.nextDue == .at(.milliseconds(10_040)))
        script.stretch(to: .milliseconds(10_040))
        #expect(script.effects.last == .renew)
        // The next one was sent since: it is tried again at the usual pace.
        script.fail()
        #expect(script.machine.nextDue == .at(.milliseconds(10_040) + LeaseRules.retryDelay(of: .seconds(30))))
    }

    @Test("A word that may have been missed of a grant that is over asks for nothing")
    func missedWordAfterTheEnd() {
        var script = LeaseScript()
        _ = script.release()
        script.missWord()
        #expect(script.machine.nextDue == nil)
        var dropped = LeaseScript()
        dropped.machine.handleDropped()
        dropped.missWord()
        dropped.stretch(to: .seconds(20))
        #expect(!dropped.effects.contains(.renew))
    }

    @Test("A second doubt is not told again")
    func secondDoubt() {
        var script = LeaseScript()
        script.doubt("one")
        script.doubt("two")
        #expect(script.pushes == [.suspect("one")])
        #expect(script.state == .suspect("two"))
    }

    @Test("RULES 2: a handle stops being held when its release begins, and nothing follows (R9, R15)")
    func release() {
        var script = LeaseScript()
        script.run(to: .seconds(10))
        let believed = script.release()
        #expect(believed == .held)
        #expect(script.state == .lost(.released))
        script.confirm(armedAt: .seconds(10))
        #expect(script.state == .lost(.released))
        #expect(script.machine.nextDue == nil)
        let isSent = script.send()
        #expect(!isSent)
    }

    @Test("R21: releasing what was lost tells the loss")
    func releaseAfterLoss() {
        var script = LeaseScript()
        script.moveClock(to: .seconds(31))
        let believed = script.release()
        #expect(believed == .lost(.expired))
        #expect(script.state == .lost(.expired))
        #expect(script.machine.nextDue == nil)
    }

    @Test("RULES 17: a dropped handle is not renewed, and is believed until it runs out")
    func droppedHandle() {
        var script = LeaseScript()
        script.machine.handleDropped()
        script.run(to: .seconds(25))
        #expect(!script.effects.contains(.renew))
        #expect(script.state == .held)
        script.run(to: .seconds(30))
        #expect(script.state == .lost(.abandoned))
        #expect(script.pushes.last == .lost(.abandoned))
    }

    @Test("A renewal that is nearly due is brought forward to fill a batch, and no more than that")
    func broughtForward() {
        var script = LeaseScript()
        #expect(script.machine.renewalSlack == .milliseconds(625))
        script.moveClock(to: .milliseconds(9_374))
        script.machine.timeAdvanced(to: script.now, effects: &script.effects)
        #expect(script.effects == [])
        script.moveClock(to: .milliseconds(9_375))
        script.machine.timeAdvanced(to: script.now, effects: &script.effects)
        #expect(script.effects == [.renew])
    }
}
