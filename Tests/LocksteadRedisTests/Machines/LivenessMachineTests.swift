import Lockstead
import Testing

@testable import LocksteadRedis

@Suite("Signs of life")
struct LivenessMachineTests {
    private static func time(_ milliseconds: Int64) -> ContinuousTime {
        ContinuousTime(nanoseconds: milliseconds * 1_000_000)
    }
    private static func machine() -> LivenessMachine {
        LivenessMachine(quiet: .milliseconds(400), silence: .milliseconds(800), at: time(0))
    }

    /// Ticks every 100 ms.
    private func verdicts(_ machine: inout LivenessMachine, from start: Int64, to end: Int64) -> [LivenessMachine
        .Verdict]
    {
        stride(from: start, through: end, by: 100).map { machine.tick(at: Self.time($0)) }
    }

    @Test("A quiet connection is asked, and is fine where it answers")
    func quiet() {
        var machine = Self.machine()
        #expect(machine.tickInterval == .milliseconds(100))
        #expect(verdicts(&machine, from: 100, to: 400) == [.fine, .fine, .fine, .ask])
        machine.wrote(at: Self.time(400))
        machine.read(at: Self.time(450), stillOwed: false)
        #expect(verdicts(&machine, from: 500, to: 800) == [.fine, .fine, .fine, .fine])
    }

    @Test("One that owes an answer and sends nothing is dead in time")
    func silent() {
        var machine = Self.machine()
        machine.wrote(at: Self.time(50))
        machine.wrote(at: Self.time(700))
        #expect(
            verdicts(&machine, from: 100, to: 900).map { $0 == .dead } == Array(repeating: false, count: 8) + [true])
    }

    @Test("One that sends something, however slowly, is alive")
    func slow() {
        var machine = Self.machine()
        machine.wrote(at: Self.time(0))
        for step in stride(from: Int64(100), through: 5_000, by: 100) {
            if step.isMultiple(of: 700) { machine.read(at: Self.time(step), stillOwed: true) }
            #expect(machine.tick(at: Self.time(step)) == .fine)
        }
    }

    @Test("After a pause of ours the server gets its time once more")
    func paused() {
        var machine = Self.machine()
        machine.wrote(at: Self.time(0))
        #expect(machine.tick(at: Self.time(100)) == .fine)
        #expect(machine.tick(at: Self.time(60_000)) == .fine)
        #expect(verdicts(&machine, from: 60_100, to: 60_800).last == .dead)
    }
}
