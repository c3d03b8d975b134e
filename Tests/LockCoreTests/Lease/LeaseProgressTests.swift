import Testing

@testable import LockCore

@Suite("The lease machine: renewal bound to progress")
struct LeaseProgressTests {
    private static let validity = LeaseRules.validity(of: .seconds(30))
    private static let margin = LeaseRules.margin(of: .seconds(30))

    @Test("While progress is reported within the bound, the lease is renewed every third of it")
    func progressing() {
        var script = LeaseScript(progressBound: .seconds(12))
        for round in 1...5 as ClosedRange<Int64> {
            script.stretch(to: .seconds(10 * round))
            #expect(script.effects == [.renew], "round \(round)")
            script.confirm(armedAt: .seconds(10 * round))
            script.reportProgress()
        }
        #expect(script.state == .held)
    }

    @Test("Without progress the lease runs out: warned, stopped and killed in time, and lost as stalled")
    func stalling() {
        var script = LeaseScript(progressBound: .seconds(5))
        script.run(to: .seconds(40))
        #expect(!script.effects.contains(.renew))
        let warning = script.pushes.first
        #expect(warning == .warning(remaining: (Self.margin * 2).duration))
        #expect(script.pushes.dropFirst() == [.stop, .kill, .lost(.stalled)])
        #expect(script.state == .lost(.stalled))
    }

    @Test("A holder that falls silent is stopped at most the bound and one lease after its last report")
    func bounded() {
        for bound in [1, 7, 11, 19, 30, 45] as [Int64] {
            var script = LeaseScript(progressBound: .seconds(bound))
            script.moveClock(to: .milliseconds(1))
            script.reportProgress()
            let start = script.now
            while !script.effects.contains(.push(.stop)), script.now < start + .seconds(200) {
                script.run(to: script.now - .at(.zero) + .milliseconds(100))
                if script.machine.isRenewing { script.confirm(armedAt: script.now - .at(.zero)) }
            }
            #expect(script.now - start <= .seconds(bound + 30), "a bound of \(bound) s")
            #expect(script.now - start >= .seconds(bound), "a bound of \(bound) s")
        }
    }

    @Test("Progress that is reported before the stop is renewed at the next look, and nothing is lost")
    func late() {
        var script = LeaseScript(progressBound: .seconds(5))
        script.stretch(to: .seconds(12))
        #expect(script.effects == [])
        script.reportProgress()
        script.stretch(to: .seconds(12) + LeaseRules.retryDelay(of: .seconds(30)))
        #expect(script.effects == [.renew])
        script.confirm(armedAt: .seconds(12))
        #expect(script.state == .held)
        #expect(script.machine.validUntil == .at(.seconds(12) + Self.validity))
    }

    @Test(
        "A lease that cannot run out at the engine runs out in belief where progress is asked for, and is renewed while it comes"
    )
    func unlimited() {
        var script = LeaseScript(progressBound: .seconds(15), validity: .unlimited)
        #expect(script.machine.validUntil == .at(Self.validity))
        script.stretch(to: .seconds(10))
        #expect(script.effects == [.renew])
        script.confirm(.unlimited)
        #expect(script.machine.validUntil == .at(.seconds(10) + Self.validity))
        script.run(to: .seconds(60))
        #expect(script.state == .lost(.stalled))
    }

    @Test("An engine out of reach is no lack of progress: the reason of the end is the one that holds")
    func unreachable() {
        var script = LeaseScript(progressBound: .seconds(5))
        while !script.state.isLost {
            script.reportProgress()
            script.run(to: script.now - .at(.zero) + .seconds(1))
            if script.machine.isRenewing { script.fail() }
        }
        #expect(script.state == .lost(.expired))
    }

    @Test("A report changes nothing where no bound was set")
    func unbound() {
        var script = LeaseScript()
        script.reportProgress()
        script.run(to: .seconds(10))
        #expect(script.effects == [.renew])
        let isSent = script.send()
        #expect(isSent)
    }
}
